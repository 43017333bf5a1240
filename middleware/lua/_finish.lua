-- The ends of an attempt. Needs _record, _stack, _windows.

local INDEX = {[PROCESSED] = K.processed, [REJECTED] = K.rejected, [CANCELLED] = K.cancelled}
local OUTCOME = {[PROCESSED] = W_PROCESSED, [REJECTED] = W_REJECTED, [CANCELLED] = W_CANCELLED}
local COUNTER = {[PROCESSED] = 'processed', [REJECTED] = 'rejected', [CANCELLED] = 'cancelled'}
local OVERHEAD_BYTES = 400

-- About what a finished job takes in memory: its texts, and what a record and two indexes cost.
local function size_of(id)
  return OVERHEAD_BYTES + redis.call('HSTRLEN', K.messages, id) + redis.call('HSTRLEN', K.results, id)
    + redis.call('HSTRLEN', K.failures, id)
end

local function off_duty(id)
  redis.call('ZREM', K.leases, id)
  redis.call('ZREM', K.running, id)
end

-- Ends a job's life: its record, its index, its place in the order of pruning, its count. Its texts are kept by then.
local function finish(id, job, status, now, reason)
  job[STATUS], job[FINISHED], job[REASON] = status, now, reason
  redis.call('ZADD', INDEX[status], job[SEQ], id)
  redis.call('ZADD', K.finished, now, id)
  count(COUNTER[status])
  count(COUNTER[status] .. ':' .. job[TASK])
  count('finished_bytes', size_of(id))
end

-- From running to a final status.
local function end_attempt(id, job, status, now, reason)
  off_duty(id)
  job[LOST] = 0
  count_outcome(job[WINDOW], OUTCOME[status])
  finish(id, job, status, now, reason)
end

-- From running back to its own place, at once or after `delay` µs; a job that was to be cancelled ends instead.
local function try_again(id, job, now, delay, outcome)
  if job[CANCEL] then return end_attempt(id, job, CANCELLED, now, job[CANCEL]) end
  off_duty(id)
  count_outcome(job[WINDOW], outcome)
  if delay > 0 then schedule(id, job, now + delay) else push(id, job, now) end
end
