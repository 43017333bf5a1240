--- @include place_group
--- @include group_rows
-- Places the groups that were touched, and those that were full until now.
local function place_groups()
  local rule = rule_of_groups()
  write_sorted_set(K.running_grouped)
  if rule.bound > 0 and freed[1] then
    for i, waiting in ipairs(redis.call('ZMSCORE', K.full_groups, unpack(freed))) do
      if waiting then touched[freed[i]] = true end
    end
  end
  for group in pairs(touched) do
    local top, bottom = group_rows(group, false, 0, 1)[1], group_rows(group, true, 0, 1)[1]
    local has_had_turn = rule.shares and redis.call('SISMEMBER', K.had_turn, group) == 1
    gather_removal(K.full_groups, group)
    place_group(group, top and place_in(top), bottom and place_in(bottom), slots_of_group(group), has_had_turn)
    touched[group] = nil
  end
  freed = {}
  write_groups()
end
