-- Keeps the figures of a process group for a while; forgets which groups there were whose figures have lapsed.
-- KEYS: 1 STRING the figures, packed · 2 ZSET name of a group → when its figures lapse in µs
-- ARGV: 1 name of the group · 2 how long they are kept in ms · 3 the figures

redis.call('ZREM', KEYS[2], '') -- with maxmemory reached, a first write that frees lets the rest pass
local time, lapse = redis.call('TIME'), tonumber(ARGV[2])
local now = time[1] * 1000000 + time[2]
redis.call('SET', KEYS[1], ARGV[3], 'PX', lapse)
redis.call('ZADD', KEYS[2], now + lapse * 1000, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('PEXPIRE', KEYS[2], lapse)
