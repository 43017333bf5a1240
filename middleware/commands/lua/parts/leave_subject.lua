--- @include subject_row
-- A job with a subject ends with this status. It leaves K.subjects, unless it is the newest one that was processed: then the
-- one that was so far leaves.
local function leave_subject(id, job, status)
  --- @insert allow_when_full
  local subject, newest = job[R.SUBJECT], status == S.PROCESSED and redis.call('ZSCORE', K.freshness, job[R.SUBJECT])
  if status == S.PROCESSED and (not newest or tonumber(newest) < age_of(job)) then
    if newest then
      local row = subject .. struct.pack('>I7', tonumber(newest))
      redis.call('ZREMRANGEBYLEX', K.subjects, '[' .. row, '(' .. row .. '\255')
    end
    redis.call('ZADD', K.freshness, age_of(job), subject)
  else
    redis.call('ZREM', K.subjects, subject_row(job, id))
  end
  if status ~= S.SUPERSEDED then job[R.SUPERSEDED_BY] = false end
end
