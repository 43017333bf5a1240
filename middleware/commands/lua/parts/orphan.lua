--- @include new_record
--- @include counts
--- @include move
-- The record of a job that has lost its own, so that it can still be worked off; only meddling from outside does that.
local function orphan()
  count('orphans')
  local job = new_record(now, '')
  job[R.STATUS] = '' -- nobody knows: it was accepted, and counted, before
  move(job, S.QUEUED)
  return job
end
