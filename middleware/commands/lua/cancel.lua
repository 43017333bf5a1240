-- Calls jobs off: those that wait end at once, those that run are asked to stop.
-- ARGV: 1 now in µs or '' · 2 reason, kept on the jobs · then ids, up to 500
-- Returns a word for each: cancelled, asked, already (it is cancelled, or was asked before), finished (too late), or missing.

local reason, ids = ARGV[2], {unpack(ARGV, 3)}
--- @include now
--- @include groups
--- @include event_log
--- @include windows
--- @include load
--- @include finish
--- @include close_if_empty
--- @include leave_group

local function call_off(id)
  local job = load(id)
  if not job then return 'missing' end
  local status, word = job[R.STATUS], 'cancelled'
  if status == S.CANCELLED or (status == S.RUNNING and job[R.CANCEL]) then return 'already' end
  if status == S.RUNNING then
    job[R.CANCEL], word = reason, 'asked'
  elseif status == S.QUEUED then
    redis.call('ZREM', K.stack, id)
    redis.call('ZREM', K.displaced, id)
    leave_group(id, job)
    finish(id, job, S.CANCELLED, reason)
  elseif status == S.SCHEDULED then
    redis.call('ZREM', K.due, id)
    redis.call('ZREM', K.scheduled, id)
    finish(id, job, S.CANCELLED, reason)
  else
    return 'finished'
  end
  if job[R.EXPIRES] then redis.call('ZREM', K.deadlines, id) end
  -- At once, for an id may come twice.
  redis.call('HSET', K.records, id, cmsgpack.pack(job))
  return word, status == S.QUEUED
end

--- @insert allow_when_full
local words, left_stack = {}, false
for i, id in ipairs(ids) do
  local word, was_queued = call_off(id)
  words[i], left_stack = word, left_stack or was_queued
end
if left_stack then close_if_empty() end
for i, word in ipairs(words) do
  if word == 'cancelled' then log('cancel', now, ids[i]) end
  if word == 'asked' then log('cancel_asked', now, ids[i]) end
end
--- @insert save
return words
