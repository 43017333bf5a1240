-- Keeps the metrics of a process group for a while; forgets which groups there were whose metrics have lapsed.
-- KEYS: 1 STRING the metrics, packed · 2 ZSET name of a group → when its metrics lapse in µs
-- ARGV: 1 now in µs or '' · 2 name of the group · 3 how long they are kept in ms · 4 the metrics

local metrics_key, ends_key = KEYS[1], KEYS[2]
local group, lapse, metrics = ARGV[2], tonumber(ARGV[3]), ARGV[4]
--- @include now

redis.call('ZREM', ends_key, '') -- with maxmemory reached, a first write that frees lets the rest pass
redis.call('SET', metrics_key, metrics, 'PX', lapse)
redis.call('ZADD', ends_key, now + lapse * 1000, group)
redis.call('ZREMRANGEBYSCORE', ends_key, '-inf', now)
redis.call('PEXPIRE', ends_key, lapse)
