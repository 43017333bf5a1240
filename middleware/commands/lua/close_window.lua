-- include: record stack windows
-- Closes a window, if it is the open one.
-- ARGV: 1 now in µs or '' · 2 number · 3 who closes it by hand, or ''
-- Returns its packed record as it is then, or nil when there is none (one of a tick isn't kept without claims).

allow_when_full()
local now, n = clock(ARGV[1]), tonumber(ARGV[2])
local w = open_number() == n and still_open(n, now)
if w then
  w[W_OPENER], w[W_CLOSER] = w[W_OPENER] or false, ARGV[3] ~= '' and ARGV[3]
  close_window(n, now, 'operator')
end
save_windows()
return redis.call('HGET', K.windows, n)
