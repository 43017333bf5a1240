--- @include groups
--- @include group_row
-- A job with a group runs no more: another one of the group may.
local function end_of_run(id, job)
  redis.call('ZREM', K.running_grouped, group_row(job, job[R.SEQ], id))
  touched[job[R.GROUP]] = true
end
