--- @include gather
--- @include orphan
--- @include push
--- @include event_log
-- Puts at most `limit` due jobs on the stack, in the order in which they fell due. A delayed job's place is the time
-- when it fell due; a retry keeps its own. Returns how many it was.
local function promote_due(limit)
  local ids = redis.call('ZRANGEBYSCORE', K.due, '-inf', now, 'LIMIT', 0, limit)
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
