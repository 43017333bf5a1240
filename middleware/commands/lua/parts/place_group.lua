--- @include groups
--- @include gather
--- @include gather_removal
--- @include rule_of_groups
--- @include write_sorted_set
-- How many more jobs of a group may run.
local function slots_of_group(group)
  local bound = rule_of_groups().bound
  if bound == 0 or group == P.NO_GROUP then return math.huge end
  return bound - redis.call('ZLEXCOUNT', K.running_grouped, '[' .. group, '(' .. group .. '\255')
end

-- Puts a group where claims look for it: among those of which one may be claimed, by its highest and its lowest place (nil:
-- none of its jobs waits); or, if no more of it may run, among those at their bound. Those that have had their turn in this round
-- are in the other half: so when nobody is left in the first one, the halves change their parts, and that is the next round.
local function place_group(group, top, bottom, slots, has_had_turn)
  if top and slots > 0 then
    local half = (rule_of_groups().round + (has_had_turn and 1 or 0)) % 2 * P.OTHER_HALF
    gather(zadds, K.group_tops, half + top, group)
    gather(zadds, K.group_bottoms, half + bottom, group)
    return
  end
  gather_removal(K.group_tops, group)
  gather_removal(K.group_bottoms, group)
  if top then
    local waiting = redis.call('ZLEXCOUNT', K.grouped, '[' .. group, '(' .. group .. '\255')
    gather(zadds, K.full_groups, waiting, group)
  end
end

local function write_groups()
  for _, key in ipairs({K.group_tops, K.group_bottoms, K.full_groups}) do write_sorted_set(key) end
end
