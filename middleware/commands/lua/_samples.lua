-- include: record
-- What is counted, for statistics: gathered while a script runs, and written once, by save_counts in the end.
--   K.counters: totals of the queue, and the last slot.
--   K.tallies: of each task, how many jobs are in each state, totals, and histograms of wait and run.
--   K.turns: what usual turns (_usual_turn.lua) did and nobody counted yet. Who reads what add_turns counts calls it first.
--   K.samples: their sums over all tasks as they were when a slot of 10 s began, if something happened in it.
--   K.tallies_before: the tallies as they were when a minute began, for the last 16 in which something happened.

local SLOTS_KEPT, SLOTS_A_MINUTE, MINUTES_KEPT = 8640, 6, 16
local MOST_TASKS, OTHER_TASKS = 200, '(other)'
local IN_STATE = {
  [SCHEDULED] = T_SCHEDULED, [QUEUED] = T_QUEUED, [RUNNING] = T_RUNNING, [PROCESSED] = T_PROCESSED,
  [REJECTED] = T_REJECTED, [CANCELLED] = T_CANCELLED, [EXPIRED] = T_EXPIRED, [SUPERSEDED] = T_SUPERSEDED,
}

local counted, tallied, other, fresh = {}, {}, {}, 0

local function count(name, by)
  counted[name] = (counted[name] or 0) + (by or 1)
end

-- A task's tally, all of it 0 where there is none.
local function unpack_tally(packed)
  local tally = packed and cmsgpack.unpack(packed) or {}
  for field = #tally + 1, TALLY_LENGTH do tally[field] = 0 end
  return tally
end

-- Names of tasks come with messages: beyond 200 of a queue, the rest are counted together. Most calls are about one task
-- alone, so the last one is at hand.
local last_task, last_tally
local function found_tally(task)
  local tally = tallied[other[task] or task]
  if tally then return tally end
  local packed = redis.call('HGET', K.tallies, task)
  if not packed and task ~= OTHER_TASKS then
    if redis.call('HLEN', K.tallies) + fresh >= MOST_TASKS then
      other[task] = OTHER_TASKS
      return found_tally(OTHER_TASKS)
    end
    fresh = fresh + 1
  end
  tally = unpack_tally(packed)
  tallied[task] = tally
  return tally
end

local function tally_of(job)
  local task = job[TASK]
  if task ~= last_task then last_task, last_tally = task, found_tally(task) end
  return last_tally
end

local function add(job, field, by)
  local tally = tally_of(job)
  tally[field] = tally[field] + (by or 1)
end

-- Gives a job another state (its first one, if it has none yet), and counts it there.
local function move(job, status)
  local tally, from, to = tally_of(job), IN_STATE[job[STATUS]], IN_STATE[status]
  if from then tally[from] = tally[from] - 1 end
  tally[to] = tally[to] + 1
  job[STATUS] = status
end

-- Adds a time to the histogram that follows the sum in field `sum`.
local function observe(job, sum, us)
  if us < 0 then us = 0 end
  local tally, into = tally_of(job), sum + bucket(us)
  tally[sum], tally[into] = tally[sum] + us, tally[into] + 1
end

local function add_to_tally(tally, turn)
  local settled, claimed = turn[TURN_SETTLED], turn[TURN_CLAIMED]
  tally[T_QUEUED], tally[T_CLAIMED] = tally[T_QUEUED] - claimed, tally[T_CLAIMED] + claimed
  tally[T_RUNNING] = tally[T_RUNNING] + claimed - settled
  tally[T_PROCESSED], tally[T_ENDED_PROCESSED] = tally[T_PROCESSED] + settled, tally[T_ENDED_PROCESSED] + settled
  tally[T_RUN_SUM] = tally[T_RUN_SUM] + turn[TURN_RUN_SUM]
  tally[T_WAIT_SUM] = tally[T_WAIT_SUM] + turn[TURN_WAIT_SUM]
  for i = TURN_LENGTH + 1, #turn do tally[turn[i]] = tally[turn[i]] + 1 end
end

-- Counts the usual turns: in the tallies, those in Redis and those that this script has at hand; and in the counters and
-- the policy.
local function add_turns()
  local turns, stored, names = redis.call('LRANGE', K.turns, 0, -1), {}, {}
  if #turns == 0 then return end
  redis.call('DEL', K.turns)
  local bytes, window_claims, claims, last_claim = 0, 0, 0, nil
  for _, packed in ipairs(turns) do
    local turn = cmsgpack.unpack(packed)
    local task = turn[TURN_TASK]
    if not names[task] then
      names[task] = redis.call('HEXISTS', K.tallies, task) == 1 and task or OTHER_TASKS
      stored[names[task]] = stored[names[task]] or unpack_tally(redis.call('HGET', K.tallies, names[task]))
    end
    add_to_tally(stored[names[task]], turn)
    if tallied[names[task]] then add_to_tally(tallied[names[task]], turn) end
    bytes = bytes + turn[TURN_BYTES]
    if turn[TURN_WINDOW] then
      window_claims = window_claims + turn[TURN_CLAIMED]
    elseif turn[TURN_CLAIMED] > 0 then
      claims, last_claim = claims + turn[TURN_CLAIMED], turn[TURN_AT]
    end
  end
  for task, tally in pairs(stored) do redis.call('HSET', K.tallies, task, cmsgpack.pack(tally)) end
  redis.call('HINCRBY', K.counters, 'finished_bytes', bytes)
  if window_claims > 0 then redis.call('HINCRBY', K.counters, 'window_claims', window_claims) end
  if last_claim then
    redis.call('HINCRBY', K.policy, 'claims', claims)
    local noted = tonumber(redis.call('HGET', K.policy, 'last_claim') or 0)
    if noted < last_claim then redis.call('HSET', K.policy, 'last_claim', string.format('%.0f', last_claim)) end
  end
end

-- The sums of tallies (task and packed tally in turn), and the place of the oldest waiting job.
local function sample(slot, tallies)
  local s = {slot}
  for field = 1, SUMMED do s[field + 1] = 0 end
  for i = 2, #tallies, 2 do
    local tally = cmsgpack.unpack(tallies[i])
    for field = 1, SUMMED do s[field + 1] = s[field + 1] + tally[field] end
  end
  s[SUMMED + 2] = tonumber(redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')[2] or 0)
  return cmsgpack.pack(s)
end

local function keep(list, packed, most)
  redis.call('LPUSH', list, packed)
  redis.call('LTRIM', list, 0, most - 1)
end

local function begin_slot(slot)
  local last = tonumber(redis.call('HGET', K.counters, 'slot') or -1)
  -- A clock that was set back a little catches up; after a greater leap the samples mean nothing any more.
  if slot <= last and last - slot <= SLOTS_A_MINUTE then return end
  if slot < last then redis.call('DEL', K.samples, K.tallies_before) end
  redis.call('HSET', K.counters, 'slot', string.format('%.0f', slot))
  add_turns()
  local tallies = redis.call('HGETALL', K.tallies)
  keep(K.samples, sample(slot, tallies), SLOTS_KEPT)
  local minute = math.floor(slot / SLOTS_A_MINUTE)
  if minute ~= math.floor(last / SLOTS_A_MINUTE) then
    keep(K.tallies_before, cmsgpack.pack({minute, tallies}), MINUTES_KEPT)
  end
end

local function save_counts()
  if not (next(counted) or next(tallied)) then return end
  begin_slot(math.floor(called_at / SLOT_US))
  for name, by in pairs(counted) do redis.call('HINCRBY', K.counters, name, by) end
  for task, tally in pairs(tallied) do redis.call('HSET', K.tallies, task, cmsgpack.pack(tally)) end
end
