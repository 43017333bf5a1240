-- include: record stack windows
-- Upkeep: puts due jobs on the stack, at most 500 a call, and wakes a consumer for them.
-- ARGV: 1 now in µs or '' · 2 unruled word
-- Returns µs until the next job falls due, or -1; 0: call again.

allow_when_full()
local now = clock(ARGV[1])
promote_due(now, 500)
ring(now, ARGV[2])
save_windows()
return until_due(now)
