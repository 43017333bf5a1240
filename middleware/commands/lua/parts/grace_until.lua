-- Was Redis away? Workers and schedulers all send heartbeats: if none did for `silence` µs, the leases that ran out
-- meanwhile don't mean lost workers, and everybody gets one more lease of time before any job is put back. Nor do they if
-- there never was a heartbeat: Redis may have gone before a worker's first one.
-- A heartbeat from the future means that the clock was set back: then leases would last too long, and are cut to this one.
-- Returns when that time ends, in µs.
local function grace_until(lease, silence)
  local beat, grace = unpack(redis.call('HMGET', K.heartbeat, 'at', 'grace'))
  beat, grace = tonumber(beat or 0), tonumber(grace or 0)
  if math.abs(now - beat) > silence then
    grace = now + lease
    redis.call('HSET', K.heartbeat, 'grace', grace)
    if beat > now then
      local later = redis.call('ZREVRANGEBYSCORE', K.leases, '+inf', string.format('(%.0f', grace), 'LIMIT', 0, 1000)
      local ends = {}
      for i, id in ipairs(later) do ends[2 * i - 1], ends[2 * i] = grace, id end
      if #ends > 0 then redis.call('ZADD', K.leases, unpack(ends)) end
    end
  end
  redis.call('HSET', K.heartbeat, 'at', now)
  return grace
end
