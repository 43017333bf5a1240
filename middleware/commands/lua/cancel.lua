-- include: record stack windows finish
-- Calls jobs off: those that wait end at once, those that run are asked to stop.
-- ARGV: 1 now in µs or '' · 2 reason, kept on the jobs · then ids, up to 500
-- Returns a word for each: cancelled, asked, already (it is cancelled, or was asked before), finished (too late), or missing.

allow_when_full()
local now, reason, left_stack = clock(ARGV[1]), ARGV[2], false

local function call_off(id, job)
  if not job then return 'missing' end
  if job[STATUS] == CANCELLED or (job[STATUS] == RUNNING and job[CANCEL]) then return 'already' end
  local word = 'cancelled'
  if job[STATUS] == RUNNING then
    job[CANCEL], word = reason, 'asked'
  elseif job[STATUS] == QUEUED then
    redis.call('ZREM', K.stack, id)
    redis.call('ZREM', K.displaced, id)
    left_stack = true
    finish(id, job, CANCELLED, now, reason)
  elseif job[STATUS] == SCHEDULED then
    redis.call('ZREM', K.due, id)
    redis.call('ZREM', K.scheduled, id)
    finish(id, job, CANCELLED, now, reason)
  else
    return 'finished'
  end
  save(id, job)
  return word
end

local words = {}
for i = 3, #ARGV do
  words[#words + 1] = call_off(ARGV[i], load(ARGV[i]))
end
save_ends()
if left_stack then close_when_done(open_number(), now, redis.call('ZCARD', K.stack) == 0) end
for i, word in ipairs(words) do
  if word == 'cancelled' then log('cancel', now, ARGV[i + 2]) end
  if word == 'asked' then log('cancel_asked', now, ARGV[i + 2]) end
end
save_windows()
return words
