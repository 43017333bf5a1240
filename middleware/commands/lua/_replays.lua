-- Idempotency keys: what a request made under its key, so that the same request sent again makes nothing more.
-- K.replays: HASH key → MessagePack array {digest of the request, what it made}; K.replay_ends: ZSET key → when it is
-- forgotten, in µs. Needs _record.

local KEPT_US, KEYS_KEPT, CHUNK_OF_KEYS = 86400 * 1000000, 1000000, 100

-- What was made under this key: nil when nothing was, or `reused` when another request was sent under it.
local function made_under(key, digest, now)
  if key == '' or tonumber(redis.call('ZSCORE', K.replay_ends, key) or 0) <= now then return nil end
  local kept = cmsgpack.unpack(redis.call('HGET', K.replays, key))
  return kept[1] == digest and kept[2] or 'reused'
end

-- Forgets some of the keys whose day is over, or of the oldest when there are too many.
local function forget_keys(now)
  local old = redis.call('ZRANGEBYSCORE', K.replay_ends, '-inf', now, 'LIMIT', 0, CHUNK_OF_KEYS)
  if #old == 0 and redis.call('ZCARD', K.replay_ends) > KEYS_KEPT then
    old = redis.call('ZRANGE', K.replay_ends, 0, CHUNK_OF_KEYS - 1)
  end
  if #old == 0 then return end
  redis.call('HDEL', K.replays, unpack(old))
  redis.call('ZREM', K.replay_ends, unpack(old))
end

local function keep_made(key, digest, made, now)
  if key == '' then return end
  forget_keys(now)
  redis.call('HSET', K.replays, key, cmsgpack.pack({digest, made}))
  redis.call('ZADD', K.replay_ends, now + KEPT_US, key)
end
