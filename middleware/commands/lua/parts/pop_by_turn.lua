--- @include group_at_turn
-- Pops one job off the stack: the highest place of the group whose turn it is, or the lowest. Returns it as ZPOPMAX does; then
-- its group, and the highest and the lowest place that are left in it (nil: none). `is_late`: the deadlines of some have
-- passed; it ends P.EXPIRED_AT_ONCE of them at most, and then gives nothing.
local function pop_by_turn(from_bottom, is_late)
  for _ = 1, P.EXPIRED_AT_ONCE do
    --- @insert show_touched
    local group = group_at_turn(from_bottom)
    if not group then return {} end
    local row, next_row = unpack(group_rows(group, from_bottom, 0, 2))
    local id, place = row:sub(P.TAG_LENGTH + 8), place_in(row)
    local deadline = is_late and redis.call('ZSCORE', K.deadlines, id)
    redis.call('ZREM', K.grouped, row)
    if deadline and tonumber(deadline) <= now then
      --- @include expire
      expire({id}, 'deadline')
      touched[group] = true
    elseif redis.call('ZREM', K.stack, id) == 0 then
      touched[group] = true -- only meddling from outside leaves such a row
    else
      if group_rule.shares then redis.call('SADD', K.had_turn, group) end
      if not next_row then return {id, place}, group end
      local near, far = place_in(next_row), place_in(group_rows(group, not from_bottom, 0, 1)[1])
      if from_bottom then near, far = far, near end
      return {id, place}, group, near, far
    end
  end
  return {}
end
