-- include: record stack windows finish
-- An operator's retry: puts jobs that ended badly back, each on top of the stack, with their attempts to be counted on.
-- ARGV: 1 now in µs or '' · 2 unruled word · 3 reason, kept on the jobs, or '' · then id and message of each, up to
--       500; a message's count of retries begins anew
-- Returns a word for each: queued, or why not: missing, waiting, running, processed, superseded.

local now = clock(ARGV[1])
local WHY_NOT = {
  [SCHEDULED] = 'waiting', [QUEUED] = 'waiting', [RUNNING] = 'running', [PROCESSED] = 'processed', [SUPERSEDED] = 'superseded',
}

local function put_on_top(id, message)
  local job = load(id)
  if not job then return 'missing' end
  if WHY_NOT[job[STATUS]] then return WHY_NOT[job[STATUS]] end
  count('finished_bytes', -size_of(id))
  redis.call('ZREM', K.finished, id)
  for _, index in ipairs({K.rejected, K.cancelled, K.expired}) do redis.call('ZREM', index, id) end
  redis.call('HSET', K.messages, id, message)
  redis.call('HDEL', K.progress, id)
  local place = math.max(tonumber(redis.call('HGET', K.counters, 'seq') or 0) + 1, now)
  redis.call('HSET', K.counters, 'seq', string.format('%.0f', place))
  job[PLACE], job[LOST], job[CANCEL], job[FINISHED], job[DUE] = place, 0, false, false, false
  job[REASON] = ARGV[3] ~= '' and ARGV[3]
  push(id, job, now)
  save(id, job)
  count('revived')
  log('revive', now, id, place)
  return 'queued'
end

local words = {}
for i = 4, #ARGV, 2 do words[#words + 1] = put_on_top(ARGV[i], ARGV[i + 1]) end
ring(now, ARGV[2])
save_windows()
return words
