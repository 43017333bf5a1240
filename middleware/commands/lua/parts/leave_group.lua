--- @include groups
--- @include group_row
-- A job leaves the stack in another way than by a claim.
local function leave_group(id, job)
  if not grouping() then return end
  redis.call('ZREM', K.grouped, group_row(job, job[R.PLACE] or job[R.SEQ], id))
  touched[job[R.GROUP] or P.NO_GROUP] = true
end
