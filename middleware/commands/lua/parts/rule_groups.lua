--- @include groups
--- @include event_log
-- Begins or ends to go by groups, as the policy now has it; `bound_before`, `shared_before`: as it had max_running_per_group and
-- share_by_group so far. The index is made anew as well when it doesn't have what is on the stack: a process of an older version
-- pushes past it. Returns 1 if it is to be made, else 0.
local function rule_groups(bound_before, shared_before)
  local bound, shares = unpack(redis.call('HMGET', K.policy, 'max_running_per_group', 'share_by_group'))
  local is_wanted, is_on = tonumber(bound or 0) > 0 or shares == '1', grouping() == 'on'
  local stays = is_on and is_wanted and shares == shared_before
  stays = stays and redis.call('ZCARD', K.grouped) == redis.call('ZCARD', K.stack)
  if stays and bound ~= bound_before then
    -- Of which groups one may be claimed is another thing now. Where too many run, it is made anew.
    local running = redis.call('ZRANGE', K.running_grouped, 0, P.GROUPS_AT_ONCE)
    for _, row in ipairs(running) do touched[row:sub(1, P.TAG_LENGTH)] = true end
    stays = #running <= P.GROUPS_AT_ONCE
  end
  if stays then
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
