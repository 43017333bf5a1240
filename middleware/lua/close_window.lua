-- include: record stack windows
-- Closes a window, if it is the open one.
-- ARGV: 1 now in µs or '' · 2 number
-- Returns its packed record as it is then, or nil when there is none (one of a tick isn't kept without claims).

allow_when_full()
local now, n = clock(ARGV[1]), tonumber(ARGV[2])
if open_number() == n and still_open(n, now) then close_window(n, now, 'operator') end
save_windows()
return redis.call('HGET', K.windows, n)
