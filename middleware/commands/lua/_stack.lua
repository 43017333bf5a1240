-- include: record samples
-- The stack and what waits for its time: every way on and off.

-- The record of a job that has lost its own, so that it can still be worked off; only meddling from outside does that.
local function orphan(id, now)
  count('orphans')
  local job = fresh_record(now, '')
  move(job, QUEUED)
  return job
end

local function push(id, job, now)
  move(job, QUEUED)
  job[ENTERED] = now
  local place = place_of(job)
  redis.call('ZADD', K.stack, place, id)
  if place ~= job[SEQ] then redis.call('ZADD', K.displaced, job[SEQ], id) end
end

local function schedule(id, job, due)
  move(job, SCHEDULED)
  job[DUE] = due
  redis.call('ZADD', K.due, due, id)
  redis.call('ZADD', K.scheduled, job[SEQ], id)
end

-- Puts at most `limit` due jobs on the stack, in the order in which they fell due. A delayed job's place is the time
-- when it fell due; a retry keeps its own. Returns how many it was.
local function promote_due(now, limit)
  local ids = redis.call('ZRANGEBYSCORE', K.due, '-inf', now, 'LIMIT', 0, limit)
  if #ids == 0 then return 0 end
  redis.call('ZREM', K.due, unpack(ids))
  redis.call('ZREM', K.scheduled, unpack(ids))
  local packed = redis.call('HMGET', K.records, unpack(ids))
  for i, id in ipairs(ids) do
    local job = unpack_record(packed[i]) or orphan(id, now)
    if job[PLACE] == 0 then job[PLACE] = job[DUE] ~= job[SEQ] and job[DUE] end
    push(id, job, now)
    save(id, job)
    log('promote', now, id, place_of(job))
  end
  return #ids
end

-- Microseconds until the next job falls due; -1 when none is scheduled.
local function until_due(now)
  local first = redis.call('ZRANGE', K.due, 0, 0, 'WITHSCORES')
  if not first[2] then return -1 end
  return math.max(0, tonumber(first[2]) - now)
end
