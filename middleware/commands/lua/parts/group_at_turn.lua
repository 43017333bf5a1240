--- @include next_round
--- @include show_group
-- The group that a claim goes to: of those that haven't had their turn, the one with the highest place, or the lowest; nil:
-- there is none.
local function group_at_turn(from_bottom)
  for _ = 1, 2 do
    local low = rule_of_groups().round % 2 * P.OTHER_HALF
    local high = low + P.OTHER_HALF - 1
    local group
    if from_bottom then
      group = redis.call('ZRANGEBYSCORE', K.group_bottoms, low, high, 'LIMIT', 0, 1)[1]
    else
      group = redis.call('ZREVRANGEBYSCORE', K.group_tops, high, low, 'LIMIT', 0, 1)[1]
    end
    if group then return group end
    if redis.call('ZCARD', K.group_tops) == 0 then return nil end
    next_round()
  end
end
