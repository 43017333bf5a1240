-- The seq of the job that comes next: the time, but always higher than the last one.
local function next_seq()
  return math.max(tonumber(redis.call('HGET', K.counters, 'seq') or 0) + 1, now)
end
