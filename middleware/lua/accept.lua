-- include: record stack windows
-- Accepts jobs: all or none, the last one on top of the stack.
-- ARGV: 1 now in µs or '' · 2 kind: now, after, at · 3 µs for after (a delay) and at (a time) · 4 unruled word
--       · 5 caller ('': nameless) · 6 number of its call, higher than that of its last one
--       · then id, task, message of each job
-- Returns {accepted, seq of the first, due time in µs or 0, now in µs}, {exists, how many ids are known, an id}, or
-- {again} when this very call was carried out before.

local now = clock(ARGV[1])
local due = 0
if ARGV[2] == 'after' then due = now + ARGV[3] elseif ARGV[2] == 'at' then due = tonumber(ARGV[3]) end
if due <= now then due = 0 end

local caller, number = ARGV[5], tonumber(ARGV[6])
if caller ~= '' and tonumber(redis.call('ZSCORE', K.callers, caller) or 0) == number then return {'again'} end

local ids = {}
for i = 7, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end
local known, first_known = 0, nil
for i, packed in ipairs(redis.call('HMGET', K.records, unpack(ids))) do
  if packed then known, first_known = known + 1, first_known or ids[i] end
end
if known > 0 then return {'exists', known, first_known} end

local last = tonumber(redis.call('HGET', K.counters, 'seq') or 0)
local first = math.max(last + 1, now)
local bodies, saves, places, dues = {}, {}, {}, {}
for i, id in ipairs(ids) do
  local job = {}
  for field = 1, RECORD_LENGTH do job[field] = false end
  job[STATUS], job[SEQ], job[TASK], job[ATTEMPTS] = QUEUED, first + i - 1, ARGV[3 * i + 5], 0
  if due > 0 then job[STATUS], job[PLACE], job[DUE], job[ENTERED] = SCHEDULED, 0, due, 0 end
  bodies[2 * i - 1], bodies[2 * i] = id, ARGV[3 * i + 6]
  saves[2 * i - 1], saves[2 * i] = id, cmsgpack.pack(job)
  places[2 * i - 1], places[2 * i] = job[SEQ], id
  dues[2 * i - 1], dues[2 * i] = due, id
end

redis.call('HSET', K.messages, unpack(bodies))
redis.call('HSET', K.records, unpack(saves))
redis.call('HSET', K.counters, 'seq', string.format('%.0f', first + #ids - 1))
count('accepted', #ids)
if caller ~= '' then redis.call('ZADD', K.callers, ARGV[6], caller) end
if due == 0 then
  redis.call('ZADD', K.stack, unpack(places))
  ring(now, ARGV[4])
else
  local earliest = until_due(now)
  redis.call('ZADD', K.due, unpack(dues))
  redis.call('ZADD', K.scheduled, unpack(places))
  -- Whoever sleeps until the next due time must hear of an earlier one.
  if (earliest < 0 or due - now < earliest) and redis.call('LLEN', K.doorbell) == 0 then
    redis.call('RPUSH', K.doorbell, 1)
  end
end
for i, id in ipairs(ids) do log('accept', now, id, first + i - 1, due) end
save_windows()
return {'accepted', first, due, now}
