-- One page of jobs, newest first by seq.
-- ARGV: 1 seq below which the page begins ('': the newest) · 2 seq above which the jobs are ('': all) · 3 how many at most
--       (1 to 500) · 4 task ('': any) · 5 number of a window ('': any) · then names of indexes
-- Returns {seq from which the next page begins or '', then id and packed record of each job}. A page may be short: it
-- ends when the budget of parts/walk.lua does.

local below, above, limit, task, in_window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
--- @include walk

local reply = {''}
local next_below = walk({above = above, task = task, window = in_window, indexes = {unpack(ARGV, 6)}}, below, limit, function(id, packed)
  reply[#reply + 1] = id
  reply[#reply + 1] = packed
end)
if next_below then reply[1] = string.format('%.0f', next_below) end
return reply
