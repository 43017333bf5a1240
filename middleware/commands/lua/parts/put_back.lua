--- @include gather
--- @include move
--- @include finish
--- @include push
-- From running back to its own place, at once or after `delay` µs; a job that was asked to stop is cancelled instead,
-- and one whose subject has a newer job is superseded.
-- `outcome`: how its window counts that, W.RETRIED or W.PUT_BACK; `us`: how long it ran, if an attempt ended.
-- Its record is left to the caller.
local function put_back(id, job, delay, outcome, us, bytes)
  if job[R.SUBJECT] and not job[R.CANCEL] then
    --- @include newer_of_subject
    job[R.SUPERSEDED_BY], job[R.SINCE] = newer_of_subject(job) or false, now
  end
  if job[R.SUPERSEDED_BY] then return finish(id, job, S.SUPERSEDED, false, us, bytes) end
  if job[R.CANCEL] then return finish(id, job, S.CANCELLED, job[R.CANCEL], us, bytes) end
  leave_window(job, outcome)
  if job[R.GROUP] then
    --- @include end_of_run
    end_of_run(id, job)
  end
  if job[R.EXPIRES] then
    --- @include watch_deadline
    watch_deadline(id, job[R.EXPIRES])
  end
  if outcome == W.RETRIED then count('retried') end
  if delay == 0 then return push(id, job, us) end
  move(job, S.SCHEDULED, us)
  job[R.DUE] = now + delay
  gather(zadds, K.due, job[R.DUE], id)
  gather(zadds, K.scheduled, job[R.SEQ], id)
end
