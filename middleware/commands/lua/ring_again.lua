-- Rings again: for a consumer that heard the doorbell and has no idle thread, and for a scheduler that doesn't know
-- whether the consumer that heard it is still alive.
-- ARGV: 1 now in µs or '' · 2 default gate
-- Returns {µs until the next job falls due, or -1; 1 if jobs wait, else 0}.

local default_gate = ARGV[2]
--- @include now
--- @include groups
--- @include counts
--- @include event_log
--- @include windows
--- @include until_due

--- @insert allow_when_full
--- @insert ring
--- @insert save
return {until_due(), math.min(1, redis.call('ZCARD', K.stack))}
