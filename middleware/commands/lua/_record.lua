-- include: common
-- The job's record: one MessagePack array in K.records, its fields named by RECORD_FIELDS in sources.py.
-- A field that isn't set holds false; SIZE, the last one, is lacking before the first claim. PLACE: false = equal to
-- SEQ, 0 = not known before the job falls due. ENTERED: false = the moment of acceptance, 0 = never yet on the stack.

-- With maxmemory reached, a script may write on after a first write that frees: so a full server can be drained.
local function allow_when_full()
  redis.call('ZREM', K.leases, '')
end

local function unpack_record(packed)
  return packed and cmsgpack.unpack(packed)
end

local function load(id)
  return unpack_record(redis.call('HGET', K.records, id))
end

local function save(id, job)
  redis.call('HSET', K.records, id, cmsgpack.pack(job))
end

-- Records that a call of settle or claim has changed, to be written at its end, all at once.
local unsaved = {}
local function save_later(id, job)
  unsaved[id] = job
end

local function save_records()
  local saves = {}
  for id, job in pairs(unsaved) do saves[#saves + 1], saves[#saves + 2] = id, cmsgpack.pack(job) end
  if #saves > 0 then redis.call('HSET', K.records, unpack(saves)) end
end

-- What a claim's delivery is called, with the id: unlike the attempt alone it never comes again, not even when an id is
-- accepted anew after it was pruned (that job has a higher seq).
local function number_of(job)
  return job[SEQ] + job[ATTEMPTS]
end

local function runs_as(job, number)
  return job and job[STATUS] == RUNNING and number_of(job) == number
end

-- Whether the delivery of this number was settled, and is the last one that was.
local function was_settled_as(job, number)
  return job and job[SETTLED] and job[SEQ] + job[SETTLED] == number
end

local function place_of(job)
  return job[PLACE] or job[SEQ]
end

-- While K.event_log exists, every move of a job and of the gate is appended to it, for the checker of histories
-- (docs/promise.md).
local logging = nil
local function log(kind, now, ...)
  if logging == nil then logging = redis.call('EXISTS', K.event_log) == 1 end
  if logging then redis.call('RPUSH', K.event_log, cmsgpack.pack({kind, now, ...})) end
end
