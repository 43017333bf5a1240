-- include: record forget
-- Upkeep: forgets finished jobs in the order in which they ended, at most 200 a call.
-- ARGV: 1 now in µs or '' · 2 age in µs beyond which they go · 3 how many may stay
-- Returns how many it forgot; 200: call again.

allow_when_full()
local now = clock(ARGV[1])
local excess = redis.call('ZCARD', K.finished) - tonumber(ARGV[3])
local ids = redis.call('ZRANGEBYSCORE', K.finished, '-inf', now - ARGV[2], 'LIMIT', 0, 200)
if #ids < excess then ids = redis.call('ZRANGE', K.finished, 0, math.min(excess, 200) - 1) end
if #ids == 0 then return 0 end
redis.call('ZREM', K.finished, unpack(ids))
for _, index in ipairs({K.processed, K.rejected, K.cancelled, K.expired, K.superseded}) do
  redis.call('ZREM', index, unpack(ids))
end
forget(ids)
return #ids
