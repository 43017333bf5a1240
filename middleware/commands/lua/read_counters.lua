-- Reads what is counted for statistics, at one moment.
-- ARGV: 1 now in µs or '' · 2 how many samples at most · 3 how many of the minutes before at most
-- Returns {now in µs, place of the oldest waiting job or 0, task and packed counters in turn, packed samples, newest first,
-- packed minutes before, newest first}.

local samples, minutes = tonumber(ARGV[2]), tonumber(ARGV[3])
--- @include now
--- @include add_up

add_up()
local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')[2]
local function newest(list, most)
  return most > 0 and redis.call('LRANGE', list, 0, most - 1) or {}
end
return {
  now, tonumber(oldest or 0), redis.call('HGETALL', K.task_counters), newest(K.samples, samples),
  newest(K.task_counters_before, minutes),
}
