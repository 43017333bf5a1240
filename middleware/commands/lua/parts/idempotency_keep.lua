--- @include idempotency_delete
local function keep_made(key, digest, made)
  delete_idempotency_keys(P.IDEMPOTENCY_KEYS)
  redis.call('HSET', K.idempotency_keys, key, cmsgpack.pack({digest, made}))
  redis.call('ZADD', K.idempotency_ends, now + P.IDEMPOTENCY_US, key)
end
