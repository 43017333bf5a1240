-- The counters of tasks, while they are added up.
local BOUNDS_US, STATE_COUNTERS, END_COUNTERS = P.BOUNDS_US, P.STATE_COUNTERS, P.END_COUNTERS
local counters_at_hand, new_tasks = {}, 0

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

-- What a move of a job counts; a time goes into the histogram that follows its sum.
local function add_move(counters, before, after, us)
  local from, to, total = STATE_COUNTERS[before], STATE_COUNTERS[after], END_COUNTERS[after]
  if from then counters[from] = counters[from] - 1 end
  if to then counters[to] = counters[to] + 1 end
  if not before then
    total = C.ACCEPTED
  elseif after == S.RUNNING then
    total = C.CLAIMED
  elseif before == S.RUNNING and not total then
    total = us and C.RETRIED or C.PUT_BACK -- a put back is no attempt that ended: it has no time
  end
  if total then counters[total] = counters[total] + 1 end
  if us then
    local sum, low, high = after == S.RUNNING and C.WAIT_SUM or C.RUN_SUM, 1, #BOUNDS_US + 1
    while low < high do
      local middle = math.floor((low + high) / 2)
      if us > BOUNDS_US[middle] then low = middle + 1 else high = middle end
    end
    counters[sum], counters[sum + low] = counters[sum] + us, counters[sum + low] + 1
  end
end

local function store_counters()
  for task, counters in pairs(counters_at_hand) do
    redis.call('HSET', K.task_counters, task, cmsgpack.pack(counters))
  end
  new_tasks = 0
end
