-- Reads a window; if its time is up it is closed before anybody sees it open.
-- ARGV: 1 now in µs or '' · 2 number
-- Returns its packed record, or nil when there is none.

local number = ARGV[2]
--- @include now
--- @include counts
--- @include event_log
--- @include still_open
--- @include open_number

--- @insert allow_when_full
still_open(open_number())
--- @insert save
return redis.call('HGET', K.windows, number)
