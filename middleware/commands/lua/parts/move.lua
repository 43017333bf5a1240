--- @include counts
local WAITING_BYTES = {[S.QUEUED] = 'queued_bytes', [S.SCHEDULED] = 'scheduled_bytes'}

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
  local waited, waits = WAITING_BYTES[before], WAITING_BYTES[status]
  if waited then count(waited, -(job[R.SIZE] or 0)) end
  if waits then count(waits, job[R.SIZE] or 0) end
  job[R.STATUS] = status
end
