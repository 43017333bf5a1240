-- include: record stack windows finish
-- Calls a job off: one that waits ends at once, one that runs is asked to stop.
-- ARGV: 1 now in µs or '' · 2 id · 3 reason, kept on the job
-- Returns cancelled, asked, already (it is cancelled, or was asked before), finished (too late), or missing.

allow_when_full()
local now, id = clock(ARGV[1]), ARGV[2]
local job = load(id)
if not job then return 'missing' end
if job[STATUS] == CANCELLED or (job[STATUS] == RUNNING and job[CANCEL]) then return 'already' end

local word = 'cancelled'
if job[STATUS] == RUNNING then
  job[CANCEL], word = ARGV[3], 'asked'
elseif job[STATUS] == QUEUED then
  redis.call('ZREM', K.stack, id)
  redis.call('ZREM', K.displaced, id)
  finish(id, job, CANCELLED, now, ARGV[3])
  close_when_done(tonumber(redis.call('HGET', K.policy, 'open') or 0), now)
elseif job[STATUS] == SCHEDULED then
  redis.call('ZREM', K.due, id)
  redis.call('ZREM', K.scheduled, id)
  finish(id, job, CANCELLED, now, ARGV[3])
else
  return 'finished'
end
save(id, job)
save_ends()
log(word == 'asked' and 'cancel_asked' or 'cancel', now, id)
save_windows()
return word
