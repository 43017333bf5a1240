-- include: record stack windows
-- For a consumer that heard the doorbell and has no idle thread: rings again for the others.
-- ARGV: 1 now in µs or '' · 2 unruled word
-- Returns µs until the next job falls due, or -1.

allow_when_full()
local now = clock(ARGV[1])
ring(now, ARGV[2])
save_windows()
return until_due(now)
