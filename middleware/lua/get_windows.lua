-- include: record stack windows
-- Reads windows, newest first; one whose time is up is closed before anybody sees it open.
-- ARGV: 1 now in µs or '' · 2 highest number ('+inf': the newest) · 3 lowest number ('-inf') · 4 how many at most
-- Returns number and packed record of each.

allow_when_full()
gate(clock(ARGV[1]), 'closed')
save_windows()
local reply = {}
for _, n in ipairs(redis.call('ZREVRANGEBYSCORE', K.window_history, ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])) do
  reply[#reply + 1] = n
  reply[#reply + 1] = redis.call('HGET', K.windows, n)
end
return reply
