for key, row in pairs(zadds) do
  redis.call('ZADD', key, unpack(row))
  zadds[key] = nil
end
for key, row in pairs(hsets) do
  redis.call('HSET', key, unpack(row))
  hsets[key] = nil
end
