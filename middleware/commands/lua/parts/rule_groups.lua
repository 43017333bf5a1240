--- @include groups
--- @include event_log
-- Begins or ends to go by groups, as the policy now has it; `shared_before`: as it had share_by_group so far. The index is made
-- anew as well when it doesn't have what is on the stack: a process of an older version pushes past it.
-- Returns 1 if it is to be made, else 0.
local function rule_groups(shared_before)
  local bound, shares = unpack(redis.call('HMGET', K.policy, 'max_running_per_group', 'share_by_group'))
  local is_wanted = tonumber(bound or 0) > 0 or shares == '1'
  local is_on = grouping() == 'on'
  local is_whole = redis.call('ZCARD', K.grouped) == redis.call('ZCARD', K.stack)
  local shown = redis.call('ZRANGE', K.running_grouped, 0, P.GROUPS_SHOWN_AT_ONCE)
  if is_on and is_wanted and is_whole and shares == shared_before and #shown <= P.GROUPS_SHOWN_AT_ONCE then
    for _, row in ipairs(shown) do touched[row:sub(1, P.TAG_LENGTH)] = true end -- the bound may be another one
    if redis.call('SCARD', K.had_turn) >= P.MOST_TURNS then
      --- @include next_round
      next_round() -- new groups that keep coming don't put off for ever those that had their turn
    end
    return 0
  end
  if is_on or (grouping() and not is_wanted) then
    redis.call('UNLINK', K.grouped, K.group_tops, K.group_bottoms, K.full_groups, K.had_turn)
    redis.call('HDEL', K.policy, 'grouping')
    log('grouping', now, 'off')
    grouping_word = false
  end
  if not is_wanted then return 0 end
  if not grouping() then
    redis.call('HSET', K.policy, 'grouping', '0')
    grouping_word = '0'
  end
  return 1
end
