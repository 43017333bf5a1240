-- include: record stack windows
-- Reads windows, newest first; one whose time is up is closed before anybody sees it open.
-- ARGV: 1 now in µs or '' · 2 seq below which the page begins, as ZREVRANGEBYSCORE wants it ('+inf': the newest)
--       · 3 how many at most
-- Returns number, seq and packed record of each.

allow_when_full()
still_open(open_number(), clock(ARGV[1]))
save_windows()
local reply = {}
local rows = redis.call('ZREVRANGEBYSCORE', K.window_history, ARGV[2], '-inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
for i = 1, #rows, 2 do
  reply[#reply + 1] = rows[i]
  reply[#reply + 1] = rows[i + 1]
  reply[#reply + 1] = redis.call('HGET', K.windows, rows[i])
end
return reply
