-- include: record samples
-- Reads what is counted for statistics, at one moment.
-- ARGV: 1 now in µs or '' · 2 how many samples at most · 3 how many of the minutes before at most
-- Returns {now in µs, place of the oldest waiting job or 0, task and packed tally in turn, packed samples, newest first,
-- packed minutes before, newest first}.

local now = clock(ARGV[1])
add_turns()
local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
local function newest(list, most)
  return tonumber(most) > 0 and redis.call('LRANGE', list, 0, most - 1) or {}
end
return {
  now, tonumber(oldest[2] or 0), redis.call('HGETALL', K.tallies), newest(K.samples, ARGV[2]),
  newest(K.tallies_before, ARGV[3]),
}
