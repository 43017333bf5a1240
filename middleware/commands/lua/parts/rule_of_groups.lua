--- @include groups
-- What the policy says of groups, and in which round their turns are.
local function rule_of_groups()
  if not group_rule then
    local bound, shares, round = unpack(
      redis.call('HMGET', K.policy, 'max_running_per_group', 'share_by_group', 'round')
    )
    group_rule = {bound = tonumber(bound or 0), shares = shares == '1', round = tonumber(round or 0)}
  end
  return group_rule
end
