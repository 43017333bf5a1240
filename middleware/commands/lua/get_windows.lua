-- Reads windows, newest first; one whose time is up is closed before anybody sees it open.
-- ARGV: 1 now in µs or '' · 2 seq below which the page begins, as ZREVRANGEBYSCORE wants it ('+inf': the newest)
--       · 3 how many at most
-- Returns number, seq and packed record of each.

local below, most = ARGV[2], ARGV[3]
--- @include now
--- @include counts
--- @include event_log
--- @include still_open
--- @include open_number

--- @insert allow_when_full
still_open(open_number())
--- @insert save
local reply = {}
local rows = redis.call('ZREVRANGEBYSCORE', K.window_history, below, '-inf', 'WITHSCORES', 'LIMIT', 0, most)
for i = 1, #rows, 2 do
  local number, seq = rows[i], rows[i + 1]
  reply[#reply + 1] = number
  reply[#reply + 1] = seq
  reply[#reply + 1] = redis.call('HGET', K.windows, number)
end
return reply
