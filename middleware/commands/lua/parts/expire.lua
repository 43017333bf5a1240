--- @include leave_waiting
--- @include leave_group
--- @include gather
--- @include finish
--- @include orphan
--- @include event_log
-- Ends jobs that wait, on the stack or for their time: their deadline has passed (reason `deadline`), or too many wait
-- (`overflow`).
local function expire(ids, reason)
  leave_waiting(ids)
  local records = redis.call('HMGET', K.records, unpack(ids))
  for i, id in ipairs(ids) do
    local job = records[i] and cmsgpack.unpack(records[i]) or orphan()
    leave_group(id, job)
    finish(id, job, S.EXPIRED, reason)
    gather(hsets, K.records, id, cmsgpack.pack(job))
    log('expire', now, id, reason)
  end
  --- @insert write
end
