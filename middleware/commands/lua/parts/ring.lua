-- Wakes one idle consumer if there is something for it to do. It will ring again if jobs remain after its claim.
if redis.call('LLEN', K.doorbell) == 0 and redis.call('ZCARD', K.stack) > 0 then
  --- @include gate
  if gate() == 'open' then redis.call('RPUSH', K.doorbell, 1) end
end
