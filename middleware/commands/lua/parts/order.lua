--- @include counts
--- @include event_log
-- The order in which claims go: lifo or fifo, for a rule with order, above, below.
-- Adaptive: fifo until the oldest waiting job has waited `above` µs, then lifo until that falls under `below`. The
-- present order is kept with the policy, and looked up when claims are made.
local function order_now(rule)
  if rule.order ~= 'adaptive' then return rule.order end
  local was = redis.call('HGET', K.policy, 'order_now') or 'fifo'
  local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')[2]
  local waited = oldest and math.max(0, now - oldest) or 0 -- how far back its place lies
  local is, above, below = was, tonumber(rule.above or 0), tonumber(rule.below or 0)
  if was == 'fifo' and oldest and waited >= above then
    is = 'lifo'
  elseif was == 'lifo' and waited < below then
    is = 'fifo'
  end
  if is ~= was then
    redis.call('HSET', K.policy, 'order_now', is)
    redis.call('LPUSH', K.switches, cmsgpack.pack({now, is, waited}))
    redis.call('LTRIM', K.switches, 0, P.SWITCHES_KEPT - 1)
    count('order_switches_to_' .. is)
    log('order', now, is, waited)
  end
  return is
end
