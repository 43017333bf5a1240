-- The ends of an attempt. Needs _record, _stack, _windows.

local INDEX = {[PROCESSED] = K.processed, [REJECTED] = K.rejected, [CANCELLED] = K.cancelled}
local OUTCOME = {[PROCESSED] = W_PROCESSED, [REJECTED] = W_REJECTED, [CANCELLED] = W_CANCELLED}
local COUNTER = {[PROCESSED] = 'processed', [REJECTED] = 'rejected', [CANCELLED] = 'cancelled'}

local function off_duty(id)
  redis.call('ZREM', K.leases, id)
  redis.call('ZREM', K.running, id)
end

-- Ends a job's life: its record, its index, its place in the order of pruning, its count.
local function finish(id, job, status, now, reason)
  job[STATUS], job[FINISHED], job[REASON] = status, now, reason
  redis.call('ZADD', INDEX[status], job[SEQ], id)
  redis.call('ZADD', K.finished, now, id)
  count(COUNTER[status])
end

-- From running to a final status.
local function end_attempt(id, job, status, now, reason)
  off_duty(id)
  job[LOST] = 0
  count_outcome(job[WINDOW], OUTCOME[status])
  finish(id, job, status, now, reason)
end

-- From running back to its own place, at once or after `delay` µs.
local function try_again(id, job, now, delay, outcome)
  off_duty(id)
  count_outcome(job[WINDOW], outcome)
  if delay > 0 then schedule(id, job, now + delay) else push(id, job, now) end
end
