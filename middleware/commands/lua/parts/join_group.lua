--- @include groups
--- @include gather
--- @include group_row
-- A job comes on the stack, where claims go by groups.
local function join_group(id, job)
  gather(zadds, K.grouped, 0, group_row(job, job[R.PLACE] or job[R.SEQ], id))
  touched[job[R.GROUP] or P.NO_GROUP] = true
end
