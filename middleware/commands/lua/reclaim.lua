-- Maintenance: puts jobs whose lease ran out back at their own place, at most 100 a call; a job that lost `crash_limit`
-- leases in a row is rejected (worker_lost).
-- ARGV: 1 now in µs or '' · 2 lease in µs · 3 silence in µs (parts/grace_until.lua) · 4 crash limit · 5 default gate
-- Returns {µs until the next lease ends or -1, then id and status letter of each job it moved}.

local lease, silence, crash_limit, default_gate = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
--- @include now
--- @include groups
--- @include gather
--- @include event_log
--- @include windows
--- @include load
--- @include orphan
--- @include put_back
--- @include grace_until
--- @include add_up

--- @insert allow_when_full
local grace = grace_until(lease, silence)
if grace > now then return {grace - now} end
local reply = {-1}
local ids = redis.call('ZRANGEBYSCORE', K.leases, '-inf', now, 'LIMIT', 0, 100)
for _, id in ipairs(ids) do
  local job = load(id) or orphan()
  local lost = (job[R.LOST] or 0) + 1
  if lost >= crash_limit then
    finish(id, job, S.REJECTED, 'worker_lost')
  else
    put_back(id, job, 0, W.PUT_BACK)
  end
  job[R.LOST] = lost
  gather(hsets, K.records, id, cmsgpack.pack(job))
  log('reclaim', now, id, job[R.ATTEMPTS], job[R.STATUS])
  reply[#reply + 1] = id
  reply[#reply + 1] = job[R.STATUS]
end
if #ids > 0 then
  redis.call('ZREM', K.leases, unpack(ids))
  redis.call('ZREM', K.running, unpack(ids))
  --- @insert write
  count('reclaimed', #ids)
  --- @insert ring
end
local next_end = redis.call('ZRANGE', K.leases, 0, 0, 'WITHSCORES')[2]
if next_end then reply[1] = math.max(0, next_end - now) end
--- @insert save
add_up() -- so that replicas have the counts of a queue that is quiet now
return reply
