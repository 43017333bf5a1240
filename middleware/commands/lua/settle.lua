-- include: usual_turn record stack windows order claim finish
-- Settles finished attempts and claims for the threads that became idle, in one call.
-- ARGV: 1 now in µs or '' · 2 worker · 3 lease in µs · 4 unruled word · 5 how many to claim (0: none)
--       · 6 how many settlements, then of each: id, number, outcome; of a processed one its result or ''; of others (rejected,
--       cancelled, retry, put_back) delay in µs, reason or '', result or '', failure or '', message or ''
-- A token (id, number of the delivery) that isn't running any more changes nothing; it counts as stale unless this very settlement was
-- applied before (a call that was sent again).
-- Returns as claim.lua, with the number of stale settlements behind the µs.

if usual then
  add_turns()
  return usual
end

local now = clock(ARGV[1])
local ENDS = {processed = PROCESSED, rejected = REJECTED, cancelled = CANCELLED}
local texts = {[K.results] = {}, [K.failures] = {}, [K.messages] = {}}
local stale = 0

local function keep_text(hash, id, text)
  local rows = texts[hash]
  rows[#rows + 1], rows[#rows + 2] = id, text
end

-- Gathers what this settlement brings; returns how many bytes of results and failures that is.
local function keep_texts(i, id, job)
  local result, failure, message = ARGV[i + 3], '', ''
  if ARGV[i + 2] ~= 'processed' then result, failure, message = ARGV[i + 5], ARGV[i + 6], ARGV[i + 7] end
  if result ~= '' then keep_text(K.results, id, result) end
  if failure ~= '' then
    failure = string.format('%.0f %s', now, failure)
    keep_text(K.failures, id, failure)
  end
  if message ~= '' then
    keep_text(K.messages, id, message)
    job[SIZE] = #message
  end
  return #result + #failure
end

local function save_texts()
  for hash, rows in pairs(texts) do
    if #rows > 0 then redis.call('HSET', hash, unpack(rows)) end
    texts[hash] = {}
  end
end

-- All records at once. A job that is named twice is seen the second time as the first settlement left it.
local settlements, starts, jobs = tonumber(ARGV[6]), {}, {}
local function load_jobs()
  local ids, i = {}, 7
  for s = 1, settlements do
    starts[s], ids[s] = i, ARGV[i]
    i = i + (ARGV[i + 2] == 'processed' and 4 or 8)
  end
  for s, packed in ipairs(redis.call('HMGET', K.records, unpack(ids))) do
    local job = unpack_record(packed)
    jobs[ids[s]] = job
    if runs_as(job, tonumber(ARGV[starts[s] + 1])) then off_duty(ids[s]) end
  end
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
  save_later(id, job)
  local brought = keep_texts(i, id, job)
  if job[ATTEMPTS] > 1 or not job[SIZE] then save_texts() end -- what is kept is measured in Redis (size_at_end)
  if ENDS[outcome] then
    -- Why a job was called off, whoever did it says better than the task that stopped for it.
    local reason = outcome == 'cancelled' and job[CANCEL] or (outcome ~= 'processed' and ARGV[i + 4] ~= '' and ARGV[i + 4])
    end_attempt(id, job, ENDS[outcome], now, reason, brought)
  elseif outcome == 'retry' then
    job[LOST] = 0
    try_again(id, job, now, tonumber(ARGV[i + 3]), W_RETRIED, brought)
  else
    try_again(id, job, now, 0, W_PUT_BACK, brought)
  end
  log('settle', now, id, number, outcome, job[STATUS])
end

if settlements > 0 then load_jobs() end
free_leases()
for s = 1, settlements do settle(starts[s]) end
save_texts()
save_ends()
if stale > 0 then count('stale_settles', stale) end

local reply = {'', 0, stale}
if tonumber(ARGV[5]) > 0 then
  reply[1] = claim(tonumber(ARGV[5]), now, ARGV[2], tonumber(ARGV[3]), ARGV[4], reply)
else
  ring(now, ARGV[4])
  reply[2] = until_due(now)
end
save_records()
save_windows()
return reply
