--- @include gather
--- @include move
--- @include groups
-- Puts a job on the stack, at its own place; `us`: how long it ran, if an attempt ended.
local function push(id, job, us)
  move(job, S.QUEUED, us)
  job[R.ENTERED] = now
  local place = job[R.PLACE] or job[R.SEQ]
  gather(zadds, K.stack, place, id)
  if place ~= job[R.SEQ] then gather(zadds, K.displaced, job[R.SEQ], id) end
  if grouping() then
    --- @include join_group
    join_group(id, job)
  end
end
