-- Registers a process of ours, or says that it still lives; takes out those that count as gone.
-- KEYS: 1 ZSET id → when it counts as gone in µs · 2 HASH id → MessagePack {started at, seen at in µs, details}
-- ARGV: 1 now in µs or '' · 2 id · 3 lease in µs · 4 when it started in µs or '' (now) · 5 details: what it is, as JSON
-- Returns when it started in µs.

local ends_key, processes_key = KEYS[1], KEYS[2]
local id, lease, started, details = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
--- @include now

redis.call('ZREM', ends_key, '') -- with maxmemory reached, a first write that frees lets the rest pass
local gone = redis.call('ZRANGEBYSCORE', ends_key, '-inf', now, 'LIMIT', 0, 100)
if #gone > 0 then
  redis.call('ZREM', ends_key, unpack(gone))
  redis.call('HDEL', processes_key, unpack(gone))
end
started = started or now
redis.call('ZADD', ends_key, now + lease, id)
redis.call('HSET', processes_key, id, cmsgpack.pack({started, now, details}))
-- The registry goes by itself when nobody is left to take out the last one.
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < lease / 1000 then redis.call('PEXPIRE', key, math.ceil(lease / 1000)) end
end
return started
