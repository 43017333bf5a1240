-- The counters of tasks, while they are added up.
local BOUNDS_US, STATE_COUNTERS, END_COUNTERS = P.BOUNDS_US, P.STATE_COUNTERS, P.END_COUNTERS
local counters_at_hand, new_tasks = {}, 0
local last_places = {[C.WAIT_SUM] = 1, [C.RUN_SUM] = 1}

-- Names of tasks come with messages: beyond P.TASKS_COUNTED of a queue, the rest are counted together.
local function counters_of(task)
  if counters_at_hand[task] then return counters_at_hand[task] end
  local packed = redis.call('HGET', K.task_counters, task)
  if not packed and task ~= P.OTHER_TASKS then
    if redis.call('HLEN', K.task_counters) + new_tasks >= P.TASKS_COUNTED then return counters_of(P.OTHER_TASKS) end
    new_tasks = new_tasks + 1
  end
  local counters = packed and cmsgpack.unpack(packed) or {}
  for field = #counters + 1, P.TASK_COUNTERS do counters[field] = 0 end
  counters_at_hand[task] = counters
  return counters
end

-- Adds moves of one kind (counts.lua). Each time goes into the histogram that follows its sum, where it is looked for from the place
-- of the last one: most are alike.
local function add_moves(moves)
  local counters, before, after, how_many, times = counters_of(moves[1]), moves[2], moves[3], moves[4], #moves - 4
  local from, to, ended = STATE_COUNTERS[before], STATE_COUNTERS[after], END_COUNTERS[after]
  if from then counters[from] = counters[from] - how_many end
  if to then counters[to] = counters[to] + how_many end
  if ended then
    counters[ended] = counters[ended] + how_many
  elseif not before then
    counters[C.ACCEPTED] = counters[C.ACCEPTED] + how_many
  elseif after == S.RUNNING then
    counters[C.CLAIMED] = counters[C.CLAIMED] + how_many
  elseif before == S.RUNNING then
    -- What is put back is no attempt that ended: it has no time.
    counters[C.RETRIED], counters[C.PUT_BACK] = counters[C.RETRIED] + times, counters[C.PUT_BACK] + how_many - times
  end
  local sum = after == S.RUNNING and C.WAIT_SUM or C.RUN_SUM
  local place = last_places[sum]
  for i = 5, #moves do
    local us = moves[i]
    while place <= #BOUNDS_US and us > BOUNDS_US[place] do place = place + 1 end
    while place > 1 and us <= BOUNDS_US[place - 1] do place = place - 1 end
    counters[sum], counters[sum + place] = counters[sum] + us, counters[sum + place] + 1
  end
  last_places[sum] = place
end

local function store_counters()
  for task, counters in pairs(counters_at_hand) do
    redis.call('HSET', K.task_counters, task, cmsgpack.pack(counters))
  end
  new_tasks = 0
end
