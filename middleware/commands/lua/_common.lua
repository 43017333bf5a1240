-- What the short ways at the head of a script (_usual_….lua) share with all that comes after them.

-- The caller's clock in tests, the server's otherwise; µs since the epoch. It stands still while a script runs.
local called_at = nil
local function clock(given)
  if not called_at then
    local time = given == '' and redis.call('TIME')
    called_at = time and time[1] * 1000000 + time[2] or tonumber(given)
  end
  return called_at
end

-- The record of a job that was never claimed, without a status.
local function fresh_record(seq, task)
  local job = {}
  for field = 1, RECORD_LENGTH do job[field] = false end
  job[SEQ], job[TASK], job[ATTEMPTS] = seq, task, 0
  return job
end

-- The number of the histograms' bucket into which a time falls.
local function bucket(us)
  local low, high = 1, #BOUNDS_US + 1
  while low < high do
    local middle = (low + high - (low + high) % 2) / 2
    if us > BOUNDS_US[middle] then low = middle + 1 else high = middle end
  end
  return low
end
