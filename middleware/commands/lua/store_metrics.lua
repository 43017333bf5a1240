-- Keeps the metrics of a process group for a while; forgets which groups there were whose metrics have expired.
-- KEYS: 1 STRING the metrics, packed · 2 ZSET name of a group → when its metrics expire in µs
-- ARGV: 1 name of the group · 2 how long they are kept in ms · 3 the metrics

redis.call('ZREM', KEYS[2], '') -- with maxmemory reached, a first write that frees lets the rest pass
local time, kept = redis.call('TIME'), tonumber(ARGV[2])
local now = time[1] * 1000000 + time[2]
redis.call('SET', KEYS[1], ARGV[3], 'PX', kept)
redis.call('ZADD', KEYS[2], now + kept * 1000, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('PEXPIRE', KEYS[2], kept)
