--- @include groups
--- @include group_rows
--- @include rule_of_groups
local function is_group_full(group)
  local bound = rule_of_groups().bound
  if bound == 0 or group == P.NO_GROUP then return false end
  return redis.call('ZLEXCOUNT', K.running_grouped, '[' .. group, '(' .. group .. '\255') >= bound
end

-- Puts a group where claims look for it: among those of which one may be claimed, by its highest and its lowest place (nil:
-- none of its jobs waits); or among those at their bound. Those that have had their turn in this round are in the other half: so
-- when nobody is left in the first one, the halves change their parts, and that is the next round (group_at_turn.lua).
local function place_group(group, top, bottom, has_had_turn)
  local is_full = top and is_group_full(group)
  if is_full then
    local waiting = redis.call('ZLEXCOUNT', K.grouped, '[' .. group, '(' .. group .. '\255')
    redis.call('ZADD', K.full_groups, waiting, group)
  end
  if is_full or not top then
    redis.call('ZREM', K.group_tops, group)
    redis.call('ZREM', K.group_bottoms, group)
  else
    local half = (group_rule.round + (has_had_turn and 1 or 0)) % 2 * P.OTHER_HALF
    redis.call('ZADD', K.group_tops, half + top, group)
    redis.call('ZADD', K.group_bottoms, half + bottom, group)
  end
end

local function show_group(group)
  local rule = rule_of_groups()
  local top, bottom = group_rows(group, false, 0, 1)[1], group_rows(group, true, 0, 1)[1]
  local has_had_turn = rule.shares and redis.call('SISMEMBER', K.had_turn, group) == 1
  redis.call('ZREM', K.full_groups, group)
  place_group(group, top and place_in(top), bottom and place_in(bottom), has_had_turn)
end
