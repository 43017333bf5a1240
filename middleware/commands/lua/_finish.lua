-- include: record samples stack windows
-- The ends of an attempt.
-- What leaves the claimed jobs and what enters the indexes is gathered here, and written by save_ends: once for all jobs
-- of a call, since each command costs more than what it does.

local leaving, ended, ended_at = {}, {}, {}

local INDEX = {[PROCESSED] = K.processed, [REJECTED] = K.rejected, [CANCELLED] = K.cancelled}
local OUTCOME = {[PROCESSED] = W_PROCESSED, [REJECTED] = W_REJECTED, [CANCELLED] = W_CANCELLED}
local ENDED = {[PROCESSED] = T_ENDED_PROCESSED, [REJECTED] = T_ENDED_REJECTED, [CANCELLED] = T_ENDED_CANCELLED}

-- About what a finished job takes in memory: its texts, and what a record and two indexes cost (OVERHEAD_BYTES).
local function size_of(id)
  return OVERHEAD_BYTES + redis.call('HSTRLEN', K.messages, id) + redis.call('HSTRLEN', K.results, id)
    + redis.call('HSTRLEN', K.failures, id)
end

-- As size_of, without a look where that can be known: before its second attempt a job has no texts but its message and
-- those that the settlement brought, of so many bytes.
local function size_at_end(id, job, brought)
  if brought and job[SIZE] and job[ATTEMPTS] == 1 then return OVERHEAD_BYTES + job[SIZE] + brought end
  return size_of(id)
end

-- This job runs no more.
local function off_duty(id)
  leaving[#leaving + 1] = id
end

-- Takes the leases of those that are off duty. As a first write it does what allow_when_full does.
local function free_leases()
  if #leaving == 0 then return allow_when_full() end
  redis.call('ZREM', K.leases, unpack(leaving))
  redis.call('ZREM', K.running, unpack(leaving))
  leaving = {}
end

-- Ends a job's life: its record, its index, its place in the order of pruning, its count. Its texts are kept by then,
-- unless the settlement that ends it brings some.
local function finish(id, job, status, now, reason, brought)
  move(job, status)
  add(job, ENDED[status])
  job[FINISHED], job[REASON] = now, reason
  local rows = ended[status] or {}
  rows[#rows + 1], rows[#rows + 2] = job[SEQ], id
  ended[status] = rows
  ended_at[#ended_at + 1], ended_at[#ended_at + 2] = now, id
  count('finished_bytes', size_at_end(id, job, brought))
end

-- From running to a final status.
local function end_attempt(id, job, status, now, reason, brought)
  job[LOST] = 0
  count_outcome(job[WINDOW], OUTCOME[status])
  finish(id, job, status, now, reason, brought)
end

-- From running back to its own place, at once or after `delay` µs; a job that was to be cancelled ends instead.
local function try_again(id, job, now, delay, outcome, brought)
  if job[CANCEL] then return end_attempt(id, job, CANCELLED, now, job[CANCEL], brought) end
  count_outcome(job[WINDOW], outcome)
  if outcome == W_RETRIED then count('retried') end
  add(job, outcome == W_RETRIED and T_RETRIED or T_PUT_BACK)
  if delay > 0 then schedule(id, job, now + delay) else push(id, job, now) end
end

-- Writes what was gathered. It must come before a claim, which may take a job that was put back in the same call.
local function save_ends()
  if #leaving > 0 then free_leases() end
  for status, rows in pairs(ended) do redis.call('ZADD', INDEX[status], unpack(rows)) end
  if #ended_at > 0 then redis.call('ZADD', K.finished, unpack(ended_at)) end
  ended, ended_at = {}, {}
end
