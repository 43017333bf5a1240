--- @include task_counters
-- Intervals of 10 s since the epoch.
local last_interval = tonumber(redis.call('HGET', K.counters, 'interval') or -1)

-- The sums of the counters of tasks (task and packed counters in turn), and the place of the oldest waiting job.
local function sample(interval, counters)
  local sums = {interval}
  for field = 1, P.SAMPLED do sums[field + 1] = 0 end
  for i = 2, #counters, 2 do
    local of_task = cmsgpack.unpack(counters[i])
    for field = 1, P.SAMPLED do sums[field + 1] = sums[field + 1] + of_task[field] end
  end
  sums[P.SAMPLED + 2] = tonumber(redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')[2] or 0)
  return cmsgpack.pack(sums)
end

local function keep(list, packed, most)
  redis.call('LPUSH', list, packed)
  redis.call('LTRIM', list, 0, most - 1)
end

-- Keeps how the counters stand before anything of this interval is counted, unless it has begun.
local function begin_interval(interval)
  -- A clock that was set back a little catches up; after a greater leap the samples mean nothing any more.
  if interval <= last_interval and last_interval - interval <= P.INTERVALS_A_MINUTE then return end
  if interval < last_interval then redis.call('DEL', K.samples, K.task_counters_before) end
  redis.call('HSET', K.counters, 'interval', interval)
  store_counters()
  local counters = redis.call('HGETALL', K.task_counters)
  keep(K.samples, sample(interval, counters), P.SAMPLES_KEPT)
  local minute = math.floor(interval / P.INTERVALS_A_MINUTE)
  if minute ~= math.floor(last_interval / P.INTERVALS_A_MINUTE) then
    keep(K.task_counters_before, cmsgpack.pack({minute, counters}), P.MINUTES_KEPT)
  end
  last_interval = interval
end
