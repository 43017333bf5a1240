-- The order in which claims go. Needs _record, _windows.
-- Adaptive: fifo until the oldest waiting job has waited `above` µs, then lifo until that falls under `below`. The present
-- order is kept with the policy, and changes when claims are made.

local SWITCHES_KEPT = 100

-- lifo or fifo as it is now, for a rule with order, above, below; for an adaptive one also what it was so far, and what the
-- oldest waiting job has waited in µs, which is how far back its place lies.
local function present_order(now, rule)
  if rule.order ~= 'adaptive' then return rule.order end
  local was = redis.call('HGET', K.policy, 'order_now') or 'fifo'
  local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
  local waited = oldest[2] and math.max(0, now - tonumber(oldest[2])) or 0
  if was == 'fifo' and oldest[2] and waited >= rule.above then return 'lifo', was, waited end
  if was == 'lifo' and waited < rule.below then return 'fifo', was, waited end
  return was, was, waited
end

-- The same for a claim, which notes a change.
local function order_at(now, rule)
  local is, was, waited = present_order(now, rule)
  if was and is ~= was then
    redis.call('HSET', K.policy, 'order_now', is)
    redis.call('LPUSH', K.switches, cmsgpack.pack({now, is, waited}))
    redis.call('LTRIM', K.switches, 0, SWITCHES_KEPT - 1)
    count('order_switches_to_' .. is)
    log('order', now, is, waited)
  end
  return is
end

-- Does claim number c go to the lowest place? In LIFO order if and only if ⌊c·s/10⁶⌋ > ⌊(c−1)·s/10⁶⌋.
local function takes_bottom(c, share, order)
  return order == 'fifo' or math.floor(c * share / 1000000) > math.floor((c - 1) * share / 1000000)
end
