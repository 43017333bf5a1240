-- One page of jobs, newest first by seq.
-- ARGV: 1 seq below which the page begins ('': the newest) · 2 seq above which the jobs are ('': all) · 3 how many at most
--       (1 to 500) · 4 MessagePack array of tasks ('': any) · 5 number of a window ('': any) · 6 digests of tags, one
--       behind the other ('': any) · then names of indexes
-- Returns {seq from which the next page begins or '', then id and packed record of each job}. A page may be short: it
-- ends when the budget of parts/walk.lua does.

local below, above, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tasks, in_window, tags = ARGV[4] ~= '' and cmsgpack.unpack(ARGV[4]), tonumber(ARGV[5]), ARGV[6] ~= '' and ARGV[6]
--- @include walk

local reply = {''}
local wanted = {above = above, tasks = tasks, window = in_window, tags = tags, indexes = {unpack(ARGV, 7)}}
local next_below = walk(wanted, below, limit, function(id, packed)
  reply[#reply + 1] = id
  reply[#reply + 1] = packed
end)
if next_below then reply[1] = string.format('%.0f', next_below) end
return reply
