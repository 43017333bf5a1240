-- include: record stack windows finish pulse
-- Upkeep: puts jobs whose lease ran out back at their own place, at most 100 a call; a job that lost CRASH_LIMIT leases
-- in a row is rejected (worker_lost).
-- ARGV: 1 now in µs or '' · 2 lease in µs · 3 silence in µs (_pulse.lua) · 4 crash limit · 5 unruled word
-- Returns {µs until the next lease ends or -1, then id and status letter of each job it moved}.

allow_when_full()
local now = clock(ARGV[1])
local grace = grace_until(now, tonumber(ARGV[2]), tonumber(ARGV[3]))
local reply = {-1}
if grace > now then
  reply[1] = grace - now
  return reply
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.leases, '-inf', now, 'LIMIT', 0, 100)) do
  local job = load(id) or orphan(id, now)
  off_duty(id)
  local lost = (job[LOST] or 0) + 1
  if lost >= tonumber(ARGV[4]) then
    end_attempt(id, job, REJECTED, now, 'worker_lost')
  else
    try_again(id, job, now, 0, W_PUT_BACK)
  end
  job[LOST] = lost
  save(id, job)
  log('reclaim', now, id, job[ATTEMPTS], job[STATUS])
  reply[#reply + 1] = id
  reply[#reply + 1] = job[STATUS]
end
save_ends()
if #reply > 1 then
  count('reclaimed', (#reply - 1) / 2)
  ring(now, ARGV[5])
end
local next_end = redis.call('ZRANGE', K.leases, 0, 0, 'WITHSCORES')
if next_end[2] then reply[1] = math.max(0, next_end[2] - now) end
save_windows()
return reply
