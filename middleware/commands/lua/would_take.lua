-- include: record stack windows order
-- Which jobs would a window of the policy let through if it opened now, and nothing came meanwhile?
-- ARGV: 1 now in µs or '' · 2 how many ids at most
-- Returns {tick in ms at which the next window opens or '', how many jobs, then ids in the order of their claims}; no
-- jobs where there are no windows.

allow_when_full()
local now = clock(ARGV[1])
promote_due(now, 500)
ring(now, 'closed')
local p = redis.call('HMGET', K.policy, 'mode', 'order', 'share', 'batch', 'next_tick', 'lifo_above', 'lifo_below')
if p[1] ~= 'windows' then
  save_windows()
  return {'', 0}
end

local order = order_at(now, {order = p[2], above = tonumber(p[6] or 0), below = tonumber(p[7] or 0)})
save_windows()
local waiting, batch, share = redis.call('ZCARD', K.stack), tonumber(p[4]), tonumber(p[3])
local all = batch > 0 and math.min(batch, waiting) or waiting
local shown = math.min(all, tonumber(ARGV[2]))
local top, bottom = redis.call('ZREVRANGE', K.stack, 0, shown), redis.call('ZRANGE', K.stack, 0, shown)
local reply, from_top, from_bottom = {planned(p[5], now), all}, 0, 0
for c = 1, shown do
  if takes_bottom(c, share, order) then
    from_bottom = from_bottom + 1
    reply[#reply + 1] = bottom[from_bottom]
  else
    from_top = from_top + 1
    reply[#reply + 1] = top[from_top]
  end
end
return reply
