-- include: record stack windows
-- Reads a window; if its time is up it is closed before anybody sees it open.
-- ARGV: 1 now in µs or '' · 2 number
-- Returns its packed record, or nil when there is none.

allow_when_full()
still_open(open_number(), clock(ARGV[1]))
save_windows()
return redis.call('HGET', K.windows, ARGV[2])
