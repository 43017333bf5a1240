--- @include writes
-- Writes at once what is gathered of a sorted set, since it will be read.
local function write_sorted_set(key)
  if zrems[key] then redis.call('ZREM', key, unpack(zrems[key])) end
  if zadds[key] then redis.call('ZADD', key, unpack(zadds[key])) end
  zrems[key], zadds[key] = nil, nil
end
