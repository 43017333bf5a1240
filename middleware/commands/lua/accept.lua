-- include: usual_accept record stack windows replays
-- Accepts jobs: all or none, the last one on top of the stack.
-- ARGV: 1 now in µs or '' · 2 unruled word · 3 how many jobs may wait, these included (0: no bound)
--       · 4 caller ('': nameless) · 5 number of its call, higher than that of its last one
--       · 6 idempotency key ('': none) · 7 digest of the request under it
--       · then id, task, due, message of each job; due: '' (at once), + and µs from now, or µs since the epoch
-- Returns {accepted, seq of the first, now in µs}, followed by due time in µs or 0 of each job unless all are due at once;
-- {again} when this very call was carried out before; {replayed, then the ids that it made} when this request was sent
-- before under its key, {reused} when another one was; {exists, how many ids are known, an id}; or {crowded, how many jobs
-- wait}. All but the first change nothing.

if usual then
  add_turns()
  return usual
end

local now, most = clock(ARGV[1]), tonumber(ARGV[3])

local function due_at(word)
  if word == '' then return 0 end
  local due = word:sub(1, 1) == '+' and now + word:sub(2) or tonumber(word)
  return due > now and due or 0
end

local caller, number = ARGV[4], tonumber(ARGV[5])
if caller ~= '' and tonumber(redis.call('ZSCORE', K.callers, caller) or 0) == number then return {'again'} end
local made = made_under(ARGV[6], ARGV[7], now)
if made == 'reused' then return {'reused'} end
if made then return {'replayed', unpack(made)} end

local ids = {}
for i = 8, #ARGV, 4 do ids[#ids + 1] = ARGV[i] end
local known, first_known = 0, nil
for i, packed in ipairs(redis.call('HMGET', K.records, unpack(ids))) do
  if packed then known, first_known = known + 1, first_known or ids[i] end
end
if known > 0 then return {'exists', known, first_known} end
local waiting = most > 0 and redis.call('ZCARD', K.stack) + redis.call('ZCARD', K.due) or 0
if most > 0 and waiting + #ids > most then return {'crowded', waiting} end

local last = tonumber(redis.call('HGET', K.counters, 'seq') or 0)
local first = math.max(last + 1, now)
local bodies, saves, places, dues, later, due_times = {}, {}, {}, {}, {}, {}
local job = fresh_record()
for i, id in ipairs(ids) do
  local seq, due = first + i - 1, due_at(ARGV[4 * i + 6])
  local waits = due > 0
  job[STATUS], job[SEQ], job[TASK] = false, seq, ARGV[4 * i + 5]
  job[PLACE], job[DUE], job[ENTERED] = waits and 0, waits and due, waits and 0
  move(job, waits and SCHEDULED or QUEUED)
  add(job, T_ACCEPTED)
  bodies[2 * i - 1], bodies[2 * i] = id, ARGV[4 * i + 7]
  saves[2 * i - 1], saves[2 * i] = id, cmsgpack.pack(job)
  local row = waits and later or places
  row[#row + 1] = seq
  row[#row + 1] = id
  if waits then
    dues[#dues + 1] = due
    dues[#dues + 1] = id
  end
  due_times[i] = due
end

redis.call('HSET', K.messages, unpack(bodies))
redis.call('HSET', K.records, unpack(saves))
redis.call('HSET', K.counters, 'seq', string.format('%.0f', first + #ids - 1))
count('accepted', #ids)
if caller ~= '' then redis.call('ZADD', K.callers, ARGV[5], caller) end
keep_made(ARGV[6], ARGV[7], ids, now)
if #dues > 0 then
  local earliest = until_due(now)
  redis.call('ZADD', K.due, unpack(dues))
  redis.call('ZADD', K.scheduled, unpack(later))
  -- Whoever sleeps until the next due time must hear of an earlier one.
  if (earliest < 0 or until_due(now) < earliest) and redis.call('LLEN', K.doorbell) == 0 then
    redis.call('RPUSH', K.doorbell, 1)
  end
end
if #places > 0 then
  redis.call('ZADD', K.stack, unpack(places))
  ring(now, ARGV[2])
end
for i, id in ipairs(ids) do log('accept', now, id, first + i - 1, due_times[i]) end
save_windows()
if #dues == 0 then return {'accepted', first, now} end
return {'accepted', first, now, unpack(due_times)}
