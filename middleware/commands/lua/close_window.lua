-- Closes a window, if it is the open one.
-- ARGV: 1 now in µs or '' · 2 number · 3 who closes it by hand, or ''
-- Returns its packed record as it is then, or nil when there is none (one of a tick isn't kept without claims).

local number, who = tonumber(ARGV[2]), ARGV[3]
--- @include now
--- @include groups
--- @include close_window
--- @include still_open
--- @include open_number

--- @insert allow_when_full
local w = open_number() == number and still_open(number)
if w then
  w[W.OPENER], w[W.CLOSER] = w[W.OPENER] or false, who ~= '' and who
  close_window(number, 'operator')
end
--- @insert save
return redis.call('HGET', K.windows, number)
