-- After a claim whose answer was lost: puts back what this worker has claimed and doesn't know of. It looks at the 1,000
-- leases that end last, since a claim that was just made is among them.
-- ARGV: 1 now in µs or '' · 2 worker · 3 default gate · then id, number of each delivery the worker does hold
-- Returns how many jobs it put back.

local worker, default_gate = ARGV[2], ARGV[3]
--- @include now
--- @include groups
--- @include gather
--- @include event_log
--- @include windows
--- @include load
--- @include number_of
--- @include put_back

--- @insert allow_when_full
local held, leaving = {}, {}
for a = 4, #ARGV, 2 do held[ARGV[a]] = tonumber(ARGV[a + 1]) end
for _, id in ipairs(redis.call('ZREVRANGE', K.leases, 0, 999)) do
  local job = load(id)
  if job and job[R.WORKER] == worker and held[id] ~= number_of(job) then
    put_back(id, job, 0, W.PUT_BACK)
    gather(hsets, K.records, id, cmsgpack.pack(job))
    log('recover', now, id, job[R.ATTEMPTS], job[R.STATUS])
    leaving[#leaving + 1] = id
  end
end
if #leaving > 0 then
  redis.call('ZREM', K.leases, unpack(leaving))
  redis.call('ZREM', K.running, unpack(leaving))
  --- @insert write
  --- @insert ring
end
--- @insert save
return #leaving
