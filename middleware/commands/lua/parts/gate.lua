--- @include still_open
--- @include groups
-- The gate: may jobs be claimed now, and how many? Decided inside the script that claims. `default_gate` is the word
-- that holds until there is a policy. A pause shuts the gate alone: behind it windows open and close in their time.
-- Returns a word (open, closed, paused, full: as many run as may), and with `open` the rule to claim by: {limit, slots: how
-- many more may run, goes_by_groups, order with above and below (order.lua), share, window and its number if there are windows}.
local function gate()
  local mode, number, pause, order, share, above, below, max_running
  mode, number, pause, order, share, above, below, max_running, grouping_word = unpack(redis.call('HMGET', K.policy,
    'mode', 'open', 'pause', 'order', 'share', 'lifo_above', 'lifo_below', 'max_running', 'grouping'))
  local w = mode == 'windows' and still_open(tonumber(number or 0))
  if pause then return 'paused' end
  if mode ~= 'windows' then
    if not mode and default_gate ~= 'open' then return default_gate end
    w = nil
  elseif not w then
    return 'closed'
  end
  local slots, goes_by_groups = math.huge, grouping_word == 'on'
  if max_running and max_running ~= '0' then slots = max_running - redis.call('ZCARD', K.running) end
  if goes_by_groups then
    --- @insert place_touched
    if redis.call('EXISTS', K.group_tops) == 0 and redis.call('EXISTS', K.full_groups) == 1 then slots = 0 end
  end
  if slots <= 0 then return 'full' end
  if not w then
    return 'open', {
      limit = slots, slots = slots, goes_by_groups = goes_by_groups, order = order or 'lifo', above = above, below = below,
      share = tonumber(share or 0),
    }
  end
  return 'open', {
    limit = math.min(w[W.CREDITS] and w[W.CREDITS] - w[W.CLAIMED] or math.huge, slots), slots = slots,
    goes_by_groups = goes_by_groups, order = w[W.ORDER], above = w[W.LIFO_ABOVE], below = w[W.LIFO_BELOW],
    share = w[W.SHARE], window = w, number = tonumber(number),
  }
end
