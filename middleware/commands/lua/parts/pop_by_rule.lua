--- @include order
--- @include takes_bottom
--- @include event_log
--- @include writes
-- Pops up to `most` jobs off the stack, each from the end that the order and the share of the oldest say. Returns them as
-- ZPOPMAX does, and a table that holds true for each that was the lowest. `is_late`: the deadlines of some have passed.
local function pop_by_rule(most, rule, is_late)
  local claims = rule.window and rule.window[W.CLAIMED]
  if not claims then
    --- @include claims_outside
    claims = claims_outside()
  end
  local order, popped, is_bottom = order_now(rule), {}, {}
  for c = 1, most do
    is_bottom[c] = takes_bottom(claims + c, rule.share, order)
    local pop = is_bottom[c] and 'ZPOPMIN' or 'ZPOPMAX'
    local one = redis.call(pop, K.stack, 1)
    if is_late then
      --- @include pass_overdue
      one = pass_overdue(one, pop)
    end
    if not one[1] then break end
    popped[2 * c - 1], popped[2 * c] = one[1], one[2]
  end
  return popped, is_bottom
end
