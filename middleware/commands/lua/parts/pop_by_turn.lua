--- @include group_at_turn
--- @include group_rows
-- Pops one job off the stack: the highest place of the group whose turn it is, or the lowest. Returns it as ZPOPMAX does, and
-- the highest place that is left in its group. `is_late`: the deadlines of some have passed; it ends P.EXPIRED_AT_ONCE of
-- them at most, and then gives nothing.
local function pop_by_turn(from_bottom, is_late)
  for _ = 1, P.EXPIRED_AT_ONCE do
    --- @insert show_touched
    local group = group_at_turn(from_bottom)
    if not group then return {}, 0 end
    local row = group_rows(group, from_bottom, 0, 1)[1]
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
      take_turn(group)
      local left = group_rows(group, false, 0, 1)[1]
      return {id, place}, left and place_in(left) or 0
    end
  end
  return {}, 0
end
