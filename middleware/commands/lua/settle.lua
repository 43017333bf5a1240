-- Settles finished attempts and claims for the threads that became idle, in one call.
-- ARGV: 1 now in µs or '' · 2 worker · 3 lease in µs · 4 default gate · 5 how many to claim (0: none)
--       · then of each settlement: id, number, outcome (processed, rejected, cancelled, retry, put_back), and of a processed
--       one its result or '', of others MessagePack {delay in µs, reason, result, failure, message}, '' for what there isn't
-- A token (id, number of the delivery) that isn't running any more changes nothing; it counts as stale unless this very settlement was
-- applied before (a call that was sent again).
-- Returns as claim.lua, with a list behind the µs: which of the settlements were stale, counted from 1.

local worker, lease, default_gate, wanted = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
--- @include now
--- @include groups
--- @include event_log
--- @include windows
--- @include gather
--- @include counts
--- @include runs_as
--- @include finish

-- Gather. A job that is named twice is seen the second time as the first settlement left it.
local ids, jobs, leaving, stale = {}, {}, {}, {}
for a = 6, #ARGV, 4 do ids[#ids + 1] = ARGV[a] end
local records = #ids > 0 and redis.call('HMGET', K.records, unpack(ids)) or {}
for i, id in ipairs(ids) do jobs[id] = records[i] and cmsgpack.unpack(records[i]) end

-- Decide.
for a = 6, #ARGV, 4 do
  local id, number, outcome, detail = ARGV[a], tonumber(ARGV[a + 1]), ARGV[a + 2], ARGV[a + 3]
  local job = jobs[id]
  if runs_as(job, number) then
    leaving[#leaving + 1] = id
    job[R.SETTLED] = number
    local us = math.max(0, now - job[R.STARTED])
    if outcome == 'processed' then
      if detail ~= '' then gather(hsets, K.results, id, detail) end
      -- Before its second attempt a job has no texts but its message and this result.
      local bytes = job[R.ATTEMPTS] == 1 and job[R.SIZE] and P.OVERHEAD_BYTES + job[R.SIZE] + #detail
      if not bytes then
        --- @include bytes_of
        bytes = bytes_of(id, '', detail)
      end
      finish(id, job, S.PROCESSED, false, us, bytes)
    else
      --- @include settle_otherwise
      settle_otherwise(id, job, outcome, us, unpack(cmsgpack.unpack(detail)))
    end
    gather(hsets, K.records, id, cmsgpack.pack(job))
    log('settle', now, id, number, outcome, job[R.STATUS])
  else
    --- @include was_settled_as
    if not was_settled_as(job, number) then
      stale[#stale + 1] = (a - 2) / 4
      log('stale', now, id, number, outcome)
    end
  end
end
if #stale > 0 then count('stale_settles', #stale) end

-- Write. The first write frees (allow_when_full.lua); jobs that go back are on the stack before a claim, which may take
-- them.
redis.call('ZREM', K.leases, '', unpack(leaving))
if #leaving > 0 then redis.call('ZREM', K.running, unpack(leaving)) end
if zadds[K.stack] or zadds[K.due] then
  --- @insert write
end

local reply = {'', 0, stale}
if wanted > 0 then
  --- @include claim
  reply[1] = claim(wanted, reply)
else
  --- @insert ring
  --- @include until_due
  reply[2] = until_due()
end
--- @insert save
return reply
