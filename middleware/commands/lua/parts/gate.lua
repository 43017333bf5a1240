--- @include still_open
-- The gate: may jobs be claimed now, and how many? Decided inside the script that claims. `default_gate` is the word
-- that holds until there is a policy. A pause shuts the gate alone: behind it windows open and close in their time.
-- Returns a word (open, closed, paused), and with `open` the rule to claim by: {limit, order with above and below
-- (order.lua), share, window and its number if there are windows}.
local function gate()
  local mode, number, pause, order, share, above, below = unpack(
    redis.call('HMGET', K.policy, 'mode', 'open', 'pause', 'order', 'share', 'lifo_above', 'lifo_below')
  )
  local w = mode == 'windows' and still_open(tonumber(number or 0))
  if pause then return 'paused' end
  if mode ~= 'windows' then
    if not mode and default_gate ~= 'open' then return default_gate end
    return 'open', {
      limit = math.huge, order = order or 'lifo', above = above, below = below, share = tonumber(share or 0),
    }
  end
  if not w then return 'closed' end
  return 'open', {
    limit = w[W.CREDITS] and w[W.CREDITS] - w[W.CLAIMED] or math.huge, order = w[W.ORDER], above = w[W.LIFO_ABOVE],
    below = w[W.LIFO_BELOW], share = w[W.SHARE], window = w, number = tonumber(number),
  }
end
