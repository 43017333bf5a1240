--- @include groups
--- @include group_rows
local shared_bound, shares, round
local function read_sharing()
  local packed_bound, share, number = unpack(
    redis.call('HMGET', K.policy, 'max_running_per_group', 'share_by_group', 'round')
  )
  shared_bound, shares, round = tonumber(packed_bound or 0), share == '1', tonumber(number or 0)
end

-- Puts a group where claims look for it: among those of which one may be claimed, by its highest and its lowest place; or
-- among those at their bound. Those that have had their turn in this round are in the other half: so when nobody is left
-- in the first one, the halves change their parts, and that is the next round (group_at_turn.lua).
local function show_group(group)
  if not round then read_sharing() end
  local top = group_rows(group, false, 0, 1)[1]
  local range_low, range_high = '[' .. group, '(' .. group .. '\255'
  local is_full = false
  if shared_bound > 0 and group ~= P.NO_GROUP then
    is_full = top and redis.call('ZLEXCOUNT', K.running_grouped, range_low, range_high) >= shared_bound
    if is_full then
      redis.call('ZADD', K.full_groups, redis.call('ZLEXCOUNT', K.grouped, range_low, range_high), group)
    else
      redis.call('ZREM', K.full_groups, group)
    end
  end
  if not top or is_full then
    redis.call('ZREM', K.group_tops, group)
    redis.call('ZREM', K.group_bottoms, group)
    return
  end
  local has_had_turn = shares and redis.call('SISMEMBER', K.had_turn, group) == 1
  local half = (round + (has_had_turn and 1 or 0)) % 2 * P.OTHER_HALF
  redis.call('ZADD', K.group_tops, half + place_in(top), group)
  redis.call('ZADD', K.group_bottoms, half + place_in(group_rows(group, true, 0, 1)[1]), group)
end
