-- include: record stack windows finish
-- An operator's retry: puts a job that ended badly back, on top of the stack, with its attempts to be counted on.
-- ARGV: 1 now in µs or '' · 2 id · 3 message, whose count of retries begins anew · 4 unruled word
-- Returns queued, or the word why not: missing, waiting, running, processed, superseded.

local now, id = clock(ARGV[1]), ARGV[2]
local WHY_NOT = {
  [SCHEDULED] = 'waiting', [QUEUED] = 'waiting', [RUNNING] = 'running', [PROCESSED] = 'processed', u = 'superseded',
}
local job = load(id)
if not job then return 'missing' end
if WHY_NOT[job[STATUS]] then return WHY_NOT[job[STATUS]] end

count('finished_bytes', -size_of(id))
redis.call('ZREM', K.finished, id)
for _, index in ipairs({K.rejected, K.cancelled, K.expired}) do redis.call('ZREM', index, id) end
redis.call('HSET', K.messages, id, ARGV[3])
redis.call('HDEL', K.progress, id)
local place = math.max(tonumber(redis.call('HGET', K.counters, 'seq') or 0) + 1, now)
redis.call('HSET', K.counters, 'seq', string.format('%.0f', place))
job[PLACE], job[LOST], job[CANCEL], job[REASON], job[FINISHED], job[DUE] = place, 0, false, false, false, false
push(id, job, now)
save(id, job)
count('revived')
log('revive', now, id, place)
ring(now, ARGV[4])
save_windows()
return 'queued'
