-- The order in which claims go now: lifo or fifo, for a rule with order, above, below; of an adaptive one also what it was
-- so far, and what the oldest waiting job has waited in µs, counted from its place.
-- Adaptive: fifo until the oldest waiting job has waited `above` µs, then lifo until that falls under `below`. The
-- present order is kept with the policy.
local function present_order(rule)
  if rule.order ~= 'adaptive' then return rule.order end
  local was = redis.call('HGET', K.policy, 'order_now') or 'fifo'
  local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')[2]
  local waited = oldest and math.max(0, now - oldest) or 0
  if was == 'fifo' and oldest and waited >= tonumber(rule.above or 0) then return 'lifo', was, waited end
  if was == 'lifo' and waited < tonumber(rule.below or 0) then return 'fifo', was, waited end
  return was, was, waited
end
