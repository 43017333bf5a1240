-- include: record stack windows
-- Puts a queue's policy in force. An open window keeps the rule that it was opened with.
-- ARGV: 1 now in µs or '' · 2 mode (windows, continuous) · 3 order (lifo, fifo) · 4 share of the oldest in ppm
--       · 5 batch (0: no bound) · 6 close when empty (0, 1)
-- Returns 1 if it changed anything, else 0.

allow_when_full()
local now = clock(ARGV[1])
local was = redis.call('HMGET', K.policy, 'mode', 'order', 'share', 'batch', 'close_when_empty')
local changed = 0
for i = 1, 5 do
  if was[i] ~= ARGV[i + 1] then changed = 1 end
end
if changed == 0 then return 0 end
redis.call('HSET', K.policy, 'mode', ARGV[2], 'order', ARGV[3], 'share', ARGV[4], 'batch', ARGV[5],
  'close_when_empty', ARGV[6])
local open = tonumber(redis.call('HGET', K.policy, 'open') or 0)
if open > 0 and ARGV[2] ~= 'windows' then close_window(open, now, 'replaced') end
ring(now, 'closed')
save_windows()
return 1
