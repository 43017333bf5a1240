--- @include load
-- Whether a tick of a recurring job submits its job: once, whoever asks, and in the call that accepts it. `tick` in ms;
-- `is_begin`: it may have been due before there were such ticks; `if_done`: not while the last job waits.
-- Returns the answer if it doesn't: {repeated, last tick in ms}, {early, now}, {unknown} (no cadence here has the job), which
-- change nothing, or {skipped, why (paused, waiting), unnoted}; else nil and what notes the job's id, and returns unnoted: the time
-- in µs after which no tick before this one was decided.
local function decide_tick(name, tick, is_begin, if_done)
  local packed = redis.call('HGET', K.recurring, name)
  if not packed then return {'unknown'} end
  local r = cmsgpack.unpack(packed)
  local last, unnoted = r[J.LAST_TICK] or 0, r[J.SINCE]
  if last > 0 then unnoted = math.max(last * 1000, unnoted) end
  if last * 1000 > now + P.CLOCK_CORRECTED_US then last, unnoted = 0, now end
  if tick <= last or (is_begin and tick * 1000 <= r[J.SINCE]) then return {'repeated', last} end
  if tick * 1000 > now + 1000000 then return {'early', now} end

  local function note(what)
    r[J.LAST_TICK] = tick
    redis.call('HSET', K.recurring, name, cmsgpack.pack(r))
    redis.call('HINCRBY', K.recurring_counters, what .. ':' .. name, 1)
  end

  local before = if_done and r[J.LAST_JOB] and load(r[J.LAST_JOB])
  local waits = before and (before[R.STATUS] == S.QUEUED or before[R.STATUS] == S.SCHEDULED)
  local why = r[J.PAUSED_AT] and 'paused' or waits and 'waiting'
  if why then
    note('skipped_' .. why)
    return {'skipped', why, unnoted}
  end
  return nil, function(id)
    r[J.LAST_JOB], r[J.LAST_JOB_TICK] = id, tick
    note('submitted')
    return unnoted
  end
end
