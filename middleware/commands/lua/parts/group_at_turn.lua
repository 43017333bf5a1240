--- @include show_group
--- @include event_log
-- Begins a round: every group has its turn again.
local function next_round()
  round = round + 1
  redis.call('HSET', K.policy, 'round', round)
  redis.call('UNLINK', K.had_turn)
  log('round', now, round)
end

-- The group that a claim goes to: of those that haven't had their turn, the one with the highest place, or the lowest; nil:
-- there is none.
local function group_at_turn(from_bottom)
  if not round then read_sharing() end
  for _ = 1, 2 do
    local low = round % 2 * P.OTHER_HALF
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

local function take_turn(group)
  touched[group] = true
  if not shares then return end
  redis.call('SADD', K.had_turn, group)
  if redis.call('SCARD', K.had_turn) >= P.MOST_TURNS then next_round() end
end
