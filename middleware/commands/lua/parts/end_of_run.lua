--- @include groups
--- @include gather_removal
--- @include group_row
-- A job with a group runs no more: if as many of the group ran as may, another one of them may now (place_touched.lua).
local function end_of_run(id, job)
  gather_removal(K.running_grouped, group_row(job, job[R.SEQ], id))
  freed[#freed + 1] = job[R.GROUP]
end
