-- include: record stack windows finish
-- After a claim whose answer was lost: puts back what this worker has claimed and doesn't know of. It looks at the 1,000
-- leases that end last, since a claim that was just made is among them.
-- ARGV: 1 now in µs or '' · 2 worker · 3 unruled word · then id, number of each delivery the worker does hold
-- Returns how many jobs it put back.

allow_when_full()
local now, held, found = clock(ARGV[1]), {}, 0
for i = 4, #ARGV, 2 do held[ARGV[i]] = tonumber(ARGV[i + 1]) end
for _, id in ipairs(redis.call('ZREVRANGE', K.leases, 0, 999)) do
  local job = load(id)
  if job and job[WORKER] == ARGV[2] and held[id] ~= number_of(job) then
    off_duty(id)
    try_again(id, job, now, 0, W_PUT_BACK)
    save(id, job)
    log('recover', now, id, job[ATTEMPTS], job[STATUS])
    found = found + 1
  end
end
save_ends()
if found > 0 then ring(now, ARGV[3]) end
save_windows()
return found
