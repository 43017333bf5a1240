-- include: record walk
-- One page of jobs, newest first by seq.
-- ARGV: 1 seq below which the page begins ('': the newest) · 2 seq above which the jobs are ('': all) · 3 how many at most
--       (1 to 500) · 4 task ('': any) · 5 number of a window ('': any) · then names of indexes
-- Returns {seq from which the next page begins or '', then id and packed record of each job}. A page may be short: it
-- ends when _walk.lua's budget does.

local wanted = {above = tonumber(ARGV[2]), task = ARGV[4], window = tonumber(ARGV[5]), indexes = {unpack(ARGV, 6)}}
local reply = {''}
local below = walk(wanted, tonumber(ARGV[1]), tonumber(ARGV[3]), function(id, packed)
  reply[#reply + 1] = id
  reply[#reply + 1] = packed
end)
if below then reply[1] = string.format('%.0f', below) end
return reply
