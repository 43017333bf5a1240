--- @include counts
--- @include event_log
--- @include present_order
-- The present order for a claim, which notes a change.
local function order_now(rule)
  local is, was, waited = present_order(rule)
  if was and is ~= was then
    redis.call('HSET', K.policy, 'order_now', is)
    redis.call('LPUSH', K.switches, cmsgpack.pack({now, is, waited}))
    redis.call('LTRIM', K.switches, 0, P.SWITCHES_KEPT - 1)
    count('order_switches_to_' .. is)
    log('order', now, is, waited)
  end
  return is
end
