--- @include order
--- @include takes_bottom
--- @include pop_by_turn
-- Claims up to `most` jobs, one after the other, since each claim can make another group full.
local function claim_by_turns(most, rule, is_late, reply)
  local claims = rule.window and rule.window[W.CLAIMED] or 0
  if rule.share > 0 and not rule.window then
    --- @include claims_outside
    claims = claims_outside()
  end
  local order = order_now(rule)
  for c = 1, most do
    local from_bottom = takes_bottom(claims + c, rule.share, order)
    local popped, group, top, bottom = pop_by_turn(from_bottom, is_late)
    if not group then break end
    hand_out(popped, {from_bottom}, top or 0, rule, reply)
    if not touched[group] then place_group(group, top, bottom, group_rule.shares) end
  end
  --- @insert show_touched
end
