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
  local deleted = redis.pcall('DEL', K.pending_counts)
  if type(deleted) == 'table' then
    if deleted.err:find('READONLY', 1, true) then return end -- a replica: what is pending is missing from the counts
    redis.call('DEL', K.pending_counts)
  end
  local totals, last_claim = {}, nil
  for _, packed in ipairs(calls) do
    local counted = cmsgpack.unpack(packed)
    local at, queue_counts = counted[1], counted[2]
    begin_interval(math.floor(at / P.INTERVAL_US))
    for name, by in pairs(queue_counts) do totals[name] = (totals[name] or 0) + by end
    if queue_counts.claims then last_claim = at end
    for i = 3, #counted do add_moves(counted[i]) end
  end
  store_counters()
  if last_claim then
    redis.call('HINCRBY', K.policy, 'claims', totals.claims)
    local noted = tonumber(redis.call('HGET', K.policy, 'last_claim') or 0)
    if noted < last_claim then redis.call('HSET', K.policy, 'last_claim', last_claim) end
    totals.claims = nil
  end
  for name, by in pairs(totals) do redis.call('HINCRBY', K.counters, name, by) end
end
