local function load(id)
  local packed = redis.call('HGET', K.records, id)
  return packed and cmsgpack.unpack(packed)
end
