--- @include groups
--- @include group_row
-- A job with a group runs no more: if as many of the group ran as may, another one of them may now.
local function end_of_run(id, job)
  redis.call('ZREM', K.running_grouped, group_row(job, job[R.SEQ], id))
  if redis.call('ZREM', K.full_groups, job[R.GROUP]) == 1 then touched[job[R.GROUP]] = true end
end
