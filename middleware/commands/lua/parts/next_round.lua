--- @include rule_of_groups
--- @include event_log
-- Begins a round: every group has its turn again.
local function next_round()
  local rule = rule_of_groups()
  rule.round = rule.round + 1
  redis.call('HSET', K.policy, 'round', rule.round)
  redis.call('UNLINK', K.had_turn)
  log('round', now, rule.round)
end
