-- include: common
-- What accepting mostly is, in one piece: one job of a known task, to run at once, without an idempotency key or a bound on
-- what waits. As _usual_turn.lua it reads first, and does nothing at all if anything is unusual; it is counted in K.turns.
-- Returns the reply of accept.lua and how many turns wait in that list, or nothing.

local function usual_accept()
  local id, task = ARGV[8], ARGV[9]
  if #ARGV ~= 11 or ARGV[10] ~= '' or ARGV[6] ~= '' or ARGV[3] ~= '0' then return end
  local now = clock(ARGV[1])
  local counters = redis.call('HMGET', K.counters, 'slot', 'seq', 'accepted')
  if tonumber(counters[1] or -1) ~= math.floor(now / SLOT_US) then return end
  local caller, call = ARGV[4], tonumber(ARGV[5])
  if caller ~= '' and tonumber(redis.call('ZSCORE', K.callers, caller) or 0) == call then return end
  if redis.call('HEXISTS', K.records, id) == 1 or redis.call('HEXISTS', K.tallies, task) == 0 then return end

  local rings = redis.call('LLEN', K.doorbell) == 0
  if rings then
    local p = redis.call('HMGET', K.policy, 'mode', 'open', 'pause')
    if p[3] then
      rings = false
    elseif p[1] == 'windows' then
      local w = p[2] and redis.call('HGET', K.windows, p[2])
      rings = w and true
      w = w and cmsgpack.unpack(w)
      if w and w[W_CLOSES_AT] and w[W_CLOSES_AT] <= now then return end
    else
      rings = p[1] or ARGV[2] == 'open'
    end
  end

  local seq = math.max(tonumber(counters[2] or 0) + 1, now)
  local job = fresh_record(seq, task)
  job[STATUS] = QUEUED
  redis.call('HSET', K.messages, id, ARGV[11])
  redis.call('HSET', K.records, id, cmsgpack.pack(job))
  redis.call('HSET', K.counters, 'seq', seq, 'accepted', tonumber(counters[3] or 0) + 1)
  if caller ~= '' then redis.call('ZADD', K.callers, call, caller) end
  redis.call('ZADD', K.stack, seq, id)
  if rings then redis.call('RPUSH', K.doorbell, 1) end
  if redis.call('EXISTS', K.event_log) == 1 then
    redis.call('RPUSH', K.event_log, cmsgpack.pack({'accept', now, id, seq, 0}))
  end
  local turn = cmsgpack.pack({task, 0, 0, 0, 0, 0, false, now, T_QUEUED, T_ACCEPTED})
  return {'accepted', seq, now}, redis.call('RPUSH', K.turns, turn)
end

local usual, turns = usual_accept()
if usual and turns < TURNS_KEPT then return usual end
