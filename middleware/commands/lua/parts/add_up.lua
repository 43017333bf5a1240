--- @include task_counters
--- @include begin_interval
-- Adds up what calls have counted (K.pending_counts). Who reads one of these calls it first, and so do calls that find
-- much pending, or begin an interval:
--   K.counters: totals of the queue, and the last interval.   K.policy: claims outside of windows, and the last one.
--   K.task_counters: of each task, how many jobs are in each state, totals, and histograms of wait and run.
--   K.samples: their sums over all tasks as they were when an interval of 10 s began, if something happened in it.
--   K.task_counters_before: as they were when a minute began, for the last 16 in which something happened.
local function add_up()
  local calls = redis.call('LRANGE', K.pending_counts, 0, -1)
  if #calls == 0 then return end
  redis.call('DEL', K.pending_counts)
  local totals, last_claim = {}, nil
  for _, packed in ipairs(calls) do
    local counted = cmsgpack.unpack(packed)
    begin_interval(math.floor(counted[1] / P.INTERVAL_US))
    for i = 2, #counted, 4 do
      local task, before, after, us = unpack(counted, i, i + 3)
      if task then
        add_move(counters_of(task), before, after, us)
      else
        totals[before] = (totals[before] or 0) + after
        if before == 'claims' then last_claim = counted[1] end
      end
    end
  end
  store_counters()
  if last_claim then
    redis.call('HINCRBY', K.policy, 'claims', totals.claims)
    local noted = tonumber(redis.call('HGET', K.policy, 'last_claim') or 0)
    if noted < last_claim then redis.call('HSET', K.policy, 'last_claim', string.format('%.0f', last_claim)) end
    totals.claims = nil
  end
  for name, by in pairs(totals) do redis.call('HINCRBY', K.counters, name, by) end
end
