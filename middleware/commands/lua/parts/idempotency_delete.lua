-- Deletes some of the idempotency keys whose day is over, or of the oldest when there are more than `most`.
local function delete_idempotency_keys(most)
  local old = redis.call('ZRANGEBYSCORE', K.idempotency_ends, '-inf', now, 'LIMIT', 0, 100)
  if #old == 0 and redis.call('ZCARD', K.idempotency_ends) > most then
    old = redis.call('ZRANGE', K.idempotency_ends, 0, 99)
  end
  if #old == 0 then return end
  redis.call('HDEL', K.idempotency_keys, unpack(old))
  redis.call('ZREM', K.idempotency_ends, unpack(old))
end
