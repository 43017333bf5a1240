-- include: record stack windows
-- Puts a queue's policy in force. An open window keeps the rule that it was opened with.
-- ARGV: 1 now in µs or '' · 2 tick in ms at which the next window opens, '' when none is planned, or keep
--       · then name and value of each field: mode (windows, continuous), order (lifo, fifo, adaptive), share (of the oldest, in
--       ppm), batch (0: no bound), close_when_empty (0, 1), lasts (in µs, 0: until the next one opens),
--       lifo_above and lifo_below (in µs, of the adaptive order), period (from tick to tick in µs, 0: it varies),
--       timetable (when the ticks are, in words)
-- Returns 1 if it changed any of them, else 0.

allow_when_full()
local now = clock(ARGV[1])
if ARGV[2] ~= 'keep' then plan_next(ARGV[2]) end
local changed, order = 0, redis.call('HGET', K.policy, 'order')
for i = 3, #ARGV, 2 do
  if redis.call('HGET', K.policy, ARGV[i]) ~= ARGV[i + 1] then
    redis.call('HSET', K.policy, ARGV[i], ARGV[i + 1])
    if ARGV[i] == 'timetable' then redis.call('HSET', K.policy, 'timetable_since', string.format('%.0f', now)) end
    changed = 1
  end
end
if changed == 0 then return 0 end
local p = redis.call('HMGET', K.policy, 'mode', 'open', 'order', 'share', 'lifo_above', 'lifo_below')
if p[3] ~= order then redis.call('HDEL', K.policy, 'order_now') end
log('policy', now, p[1], p[3], tonumber(p[4]), tonumber(p[5] or 0), tonumber(p[6] or 0))
if p[1] ~= 'windows' and p[2] then close_window(tonumber(p[2]), now, 'replaced') end
ring(now, 'closed')
save_windows()
return 1
