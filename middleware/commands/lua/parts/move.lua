--- @include counts
-- Gives a job another state, and counts that, and its bytes while it waits; false: it has none yet, or is deleted. `us`: how
-- long it waited or ran.
local function move(job, status, us)
  local task, before, length = job[R.TASK], job[R.STATUS], #counted
  local moves = length > 2 and counted[length]
  if not (moves and moves[1] == task and moves[2] == before and moves[3] == status) then
    moves = {task, before, status, 0}
    counted[length + 1] = moves
  end
  moves[4] = moves[4] + 1
  if us then moves[#moves + 1] = us end
  local size = job[R.SIZE] or 0
  if before == S.QUEUED then count('queued_bytes', -size) elseif before == S.SCHEDULED then count('scheduled_bytes', -size) end
  if status == S.QUEUED then count('queued_bytes', size) elseif status == S.SCHEDULED then count('scheduled_bytes', size) end
  job[R.STATUS] = status
end
