-- Idempotency keys: what a request made under its key, so that the same request sent again makes nothing more.
-- What was made under this key: nil when nothing was, or `reused` when another request was sent under it.
local function made_under(key, digest)
  if tonumber(redis.call('ZSCORE', K.idempotency_ends, key) or 0) <= now then return nil end
  local kept_digest, made = unpack(cmsgpack.unpack(redis.call('HGET', K.idempotency_keys, key)))
  return kept_digest == digest and made or 'reused'
end
