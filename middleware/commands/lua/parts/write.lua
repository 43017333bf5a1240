for zset, row in pairs(zrems) do
  redis.call('ZREM', zset, unpack(row))
  zrems[zset] = nil
end
for zset, row in pairs(zadds) do
  redis.call('ZADD', zset, unpack(row))
  zadds[zset] = nil
end
for hash, row in pairs(hsets) do
  redis.call('HSET', hash, unpack(row))
  hsets[hash] = nil
end
