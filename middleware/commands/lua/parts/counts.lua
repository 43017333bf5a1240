--- @state
-- What a call counts, kept by save.lua in K.pending_counts: {now, counts of the queue by name, then moves of jobs}. Moves
-- of one kind in a row are {task, state before, state after, how many, then µs that each of them had waited or run}.
local queue_counts, last_moves = {}, nil
local counted = {now, queue_counts}

local function count(name, by)
  queue_counts[name] = (queue_counts[name] or 0) + (by or 1)
end

-- Gives a job another state; false: it has none yet, or is deleted.
local function move(job, status, us)
  local task, before, moves = job[R.TASK], job[R.STATUS], last_moves
  if not (moves and moves[1] == task and moves[2] == before and moves[3] == status) then
    moves = {task, before, status, 0}
    last_moves, counted[#counted + 1] = moves, moves
  end
  moves[4] = moves[4] + 1
  if us then moves[#moves + 1] = us end
  job[R.STATUS] = status
end
