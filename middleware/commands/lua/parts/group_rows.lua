-- Some rows of a group in K.grouped, from its highest place, or from its lowest.
local function group_rows(group, from_bottom, skipped, how_many)
  local low, high = '[' .. group, '(' .. group .. '\255'
  if from_bottom then return redis.call('ZRANGEBYLEX', K.grouped, low, high, 'LIMIT', skipped, how_many) end
  return redis.call('ZREVRANGEBYLEX', K.grouped, high, low, 'LIMIT', skipped, how_many)
end
local function place_in(row) return (struct.unpack('>I7', row, P.TAG_LENGTH + 1)) end
