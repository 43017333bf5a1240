-- Writes a process of ours into the roster, or says that it still lives; takes out those that count as gone.
-- KEYS: 1 ZSET id → when it counts as gone in µs · 2 HASH id → MessagePack {started at, seen at in µs, card}
-- ARGV: 1 now in µs or '' · 2 id · 3 lease in µs · 4 when it started in µs or '' (now) · 5 card: what it is, as JSON
-- Returns when it started in µs.

redis.call('ZREM', KEYS[1], '') -- with maxmemory reached, a first write that frees lets the rest pass
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)
if #gone > 0 then
  redis.call('ZREM', KEYS[1], unpack(gone))
  redis.call('HDEL', KEYS[2], unpack(gone))
end
local id, lease, started = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]) or now
redis.call('ZADD', KEYS[1], now + lease, id)
redis.call('HSET', KEYS[2], id, cmsgpack.pack({started, now, ARGV[5]}))
-- The roster goes by itself when nobody is left to take out the last one.
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < lease / 1000 then redis.call('PEXPIRE', key, math.ceil(lease / 1000)) end
end
return started
