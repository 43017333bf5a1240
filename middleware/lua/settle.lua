-- include: record stack windows order claim finish
-- Settles finished attempts and claims for the threads that became idle, in one call.
-- ARGV: 1 now in µs or '' · 2 worker · 3 lease in µs · 4 unruled word · 5 how many to claim (0: none)
--       · 6 how many settlements, then of each: id, number, outcome (processed, rejected, cancelled, retry, put_back), delay in µs,
--       reason or '', result or '', failure or '', message or ''
-- A token (id, number of the delivery) that isn't running any more changes nothing; it counts as stale unless this very settlement was
-- applied before (a call that was sent again).
-- Returns as claim.lua, with the number of stale settlements behind the µs.

allow_when_full()
local now = clock(ARGV[1])
local ENDS = {processed = PROCESSED, rejected = REJECTED, cancelled = CANCELLED}
local stale = 0

local function keep_words(i, id)
  if ARGV[i + 5] ~= '' then redis.call('HSET', K.results, id, ARGV[i + 5]) end
  if ARGV[i + 6] ~= '' then
    redis.call('HSET', K.failures, id, string.format('%.0f %s', now, ARGV[i + 6]))
  end
  if ARGV[i + 7] ~= '' then redis.call('HSET', K.messages, id, ARGV[i + 7]) end
end

-- All records at once. A job that is named twice is seen the second time as the first settlement left it.
local settlements, jobs, changed = tonumber(ARGV[6]), {}, {}
local function load_jobs()
  local ids = {}
  for s = 1, settlements do ids[s] = ARGV[8 * s - 1] end
  for s, packed in ipairs(redis.call('HMGET', K.records, unpack(ids))) do jobs[ids[s]] = unpack_record(packed) end
end

local function save_jobs()
  local saves = {}
  for id in pairs(changed) do saves[#saves + 1], saves[#saves + 2] = id, cmsgpack.pack(jobs[id]) end
  if #saves > 0 then redis.call('HSET', K.records, unpack(saves)) end
end

local function settle(i)
  local id, number, outcome = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local job = jobs[id]
  if not runs_as(job, number) then
    if not was_settled_as(job, number) then
      stale = stale + 1
      log('stale', now, id, number, outcome)
    end
    return
  end
  job[SETTLED] = job[ATTEMPTS]
  if outcome ~= 'put_back' then observe(job, T_RUN_SUM, now - job[STARTED]) end
  keep_words(i, id)
  if ENDS[outcome] then
    -- Why a job was called off, whoever did it says better than the task that stopped for it.
    local asked = outcome == 'cancelled' and job[CANCEL]
    end_attempt(id, job, ENDS[outcome], now, asked or (ARGV[i + 4] ~= '' and ARGV[i + 4]))
  elseif outcome == 'retry' then
    job[LOST] = 0
    try_again(id, job, now, tonumber(ARGV[i + 3]), W_RETRIED)
  else
    try_again(id, job, now, 0, W_PUT_BACK)
  end
  changed[id] = true
  log('settle', now, id, number, outcome, job[STATUS])
end

if settlements > 0 then load_jobs() end
for s = 1, settlements do settle(8 * s - 1) end
save_jobs()
save_ends()
if stale > 0 then count('stale_settles', stale) end

local reply = {'', 0, stale}
if tonumber(ARGV[5]) > 0 then
  reply[1] = claim(tonumber(ARGV[5]), now, ARGV[2], tonumber(ARGV[3]), ARGV[4], reply)
else
  ring(now, ARGV[4])
  reply[2] = until_due(now)
end
save_windows()
return reply
