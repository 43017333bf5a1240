-- Was Redis away? Workers and schedulers all beat: if none did for `silence` µs, the leases that ran out meanwhile
-- don't mean lost workers, and everybody gets one more lease of time before any job is put back.

local function grace_until(now, lease, silence)
  local p = redis.call('HMGET', K.pulse, 'beat', 'grace')
  local beat, grace = tonumber(p[1] or now), tonumber(p[2] or 0)
  if now - beat > silence then
    grace = now + lease
    redis.call('HSET', K.pulse, 'grace', string.format('%.0f', grace))
  end
  redis.call('HSET', K.pulse, 'beat', string.format('%.0f', now))
  return grace
end
