-- include: record
-- What an operator wants to know of a queue, at one moment: the same small work whatever the queue holds.
-- ARGV: 1 now in µs or ''
-- Returns now in µs; the place of the oldest waiting job or -1; the numbers of stack, scheduled, running, processed,
-- rejected, cancelled, expired and superseded jobs; the policy's fields mode, last_opened, last_claim and open, '' where
-- there is none; the packed window that is open or ''; then names and values of the counters.

local now = clock(ARGV[1])
local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
local reply = {now, oldest[2] and tonumber(oldest[2]) or -1}
for _, index in ipairs({K.stack, K.scheduled, K.running, K.processed, K.rejected, K.cancelled, K.expired, K.superseded}) do
  reply[#reply + 1] = redis.call('ZCARD', index)
end
local p = redis.call('HMGET', K.policy, 'mode', 'last_opened', 'last_claim', 'open')
for i = 1, 4 do reply[#reply + 1] = p[i] or '' end
local packed = p[4] and redis.call('HGET', K.windows, p[4]) or ''
-- One whose time is up is over, although nobody has closed it yet.
local w = packed ~= '' and packed and cmsgpack.unpack(packed)
reply[#reply + 1] = w and not (w[W_CLOSES_AT] and w[W_CLOSES_AT] <= now) and packed or ''
for _, word in ipairs(redis.call('HGETALL', K.counters)) do reply[#reply + 1] = word end
return reply
