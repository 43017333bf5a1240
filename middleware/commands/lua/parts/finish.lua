--- @include gather
--- @include counts
--- @include move
--- @include leave_window
-- Ends a job's life: its index, its place in the order of pruning, its counts. `us`: how long it ran, if an attempt
-- ended; `bytes`: what it takes from now on but for its tags, if that is known. Its record is left to the caller.
local function finish(id, job, status, reason, us, bytes)
  local index, outcome = K.processed, W.PROCESSED
  if status == S.REJECTED then
    index, outcome = K.rejected, W.REJECTED
  elseif status == S.CANCELLED then
    index, outcome = K.cancelled, W.CANCELLED
  elseif status == S.EXPIRED then
    index = K.expired
  elseif status == S.SUPERSEDED then
    index, outcome = K.superseded, W.PUT_BACK
  end
  if not bytes then
    --- @include bytes_of
    bytes = bytes_of(id)
  end
  if job[R.SUBJECT] then
    --- @include leave_subject
    leave_subject(id, job, status)
  end
  if job[R.TAGS] or job[R.SUBJECT] then
    --- @include tag_bytes
    bytes = bytes + tag_bytes(job)
  end
  if job[R.STATUS] == S.RUNNING then
    job[R.LOST] = 0
    leave_window(job, outcome)
    if job[R.GROUP] then
      --- @include end_of_run
      end_of_run(id, job)
    end
  end
  move(job, status, us)
  count('finished_bytes', bytes)
  -- What an operator did to the job stays visible, unless it ends for a reason of its own.
  job[R.FINISHED], job[R.REASON] = now, reason or job[R.REASON]
  gather(zadds, index, job[R.SEQ], id)
  gather(zadds, K.finished, now, id)
end
