--- @include gather
--- @include orphan
--- @include push
--- @include event_log
--- @include windows
--- @include counts
-- Puts at most P.PROMOTED_AT_ONCE due jobs on the stack, in the order in which they fell due. A delayed job's place is the time
-- when it fell due; a retry keeps its own. Jobs whose deadline has passed are ended before. Returns how many were put there.
local function promote_due()
  local deadline, next_deadline = redis.call('ZSCORE', K.due, ''), nil
  if deadline and tonumber(deadline) <= now then
    --- @include expire_overdue
    next_deadline = expire_overdue()
  end
  local ids = redis.call('ZRANGEBYSCORE', K.due, '-inf', now, 'LIMIT', 0, P.PROMOTED_AT_ONCE)
  if next_deadline then redis.call('ZADD', K.due, next_deadline, '') end
  if #ids == 0 then return 0 end
  redis.call('ZREM', K.due, unpack(ids))
  redis.call('ZREM', K.scheduled, unpack(ids))
  local records = redis.call('HMGET', K.records, unpack(ids))
  for i, id in ipairs(ids) do
    local job = records[i] and cmsgpack.unpack(records[i]) or orphan()
    if job[R.PLACE] == 0 then job[R.PLACE] = job[R.DUE] ~= job[R.SEQ] and job[R.DUE] end
    push(id, job)
    gather(hsets, K.records, id, cmsgpack.pack(job))
    log('promote', now, id, job[R.PLACE] or job[R.SEQ])
  end
  --- @insert write
  return #ids
end
