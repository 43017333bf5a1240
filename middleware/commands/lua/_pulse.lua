-- Was Redis away? Workers and schedulers all beat: if none did for `silence` µs, the leases that ran out meanwhile
-- don't mean lost workers, and everybody gets one more lease of time before any job is put back. Nor do they if nobody
-- has ever beaten: Redis may have gone before a worker's first beat.
-- A beat from the future means that the clock was set back: then leases would last too long, and are cut to this one.

local function cut_leases(to)
  local later = redis.call('ZREVRANGEBYSCORE', K.leases, '+inf', string.format('(%.0f', to), 'LIMIT', 0, 1000)
  local ends = {}
  for i, id in ipairs(later) do ends[2 * i - 1], ends[2 * i] = to, id end
  if #ends > 0 then redis.call('ZADD', K.leases, unpack(ends)) end
end

local function grace_until(now, lease, silence)
  local p = redis.call('HMGET', K.pulse, 'beat', 'grace')
  local beat, grace = tonumber(p[1] or 0), tonumber(p[2] or 0)
  if math.abs(now - beat) > silence then
    grace = now + lease
    redis.call('HSET', K.pulse, 'grace', string.format('%.0f', grace))
    if beat > now then cut_leases(grace) end
  end
  redis.call('HSET', K.pulse, 'beat', string.format('%.0f', now))
  return grace
end
