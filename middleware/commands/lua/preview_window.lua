-- Which jobs would a window of the policy let through if it opened now, and nothing came meanwhile? Bounds of what runs aren't
-- looked at, but groups that are full now aren't counted on.
-- ARGV: 1 now in µs or '' · 2 how many ids at most
-- Returns {tick in ms at which the next window opens or '', how many jobs, then ids in the order of their claims}; no
-- jobs where there are no windows.

local most, default_gate = tonumber(ARGV[2]), 'closed'
--- @include now
--- @include groups
--- @include windows
--- @include promote_due
--- @include order
--- @include planned
--- @include takes_bottom

--- @insert allow_when_full
promote_due()
--- @insert ring
local mode, order, share, batch, next_tick, above, below = unpack(
  redis.call('HMGET', K.policy, 'mode', 'order', 'share', 'batch', 'next_tick', 'lifo_above', 'lifo_below')
)
local reply = {'', 0}
if mode == 'windows' then
  order = order_now({order = order, above = above, below = below})
  local waiting, credits = redis.call('ZCARD', K.stack), tonumber(batch)
  local all = credits > 0 and math.min(credits, waiting) or waiting
  local shown, from_top, from_bottom = math.min(all, most), 0, 0
  reply = {planned(next_tick), all}
  if grouping() == 'on' then
    --- @insert place_touched
    --- @include preview_turns
    for _, id in ipairs(preview_turns(shown, tonumber(share), order)) do reply[#reply + 1] = id end
    shown = 0
  end
  local top, bottom = redis.call('ZREVRANGE', K.stack, 0, shown), redis.call('ZRANGE', K.stack, 0, shown)
  for c = 1, shown do
    if takes_bottom(c, tonumber(share), order) then
      from_bottom = from_bottom + 1
      reply[#reply + 1] = bottom[from_bottom]
    else
      from_top = from_top + 1
      reply[#reply + 1] = top[from_top]
    end
  end
end
--- @insert save
return reply
