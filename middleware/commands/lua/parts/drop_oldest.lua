--- @include expire
--- @include close_if_empty
-- Ends the jobs at the bottom of the stack, as many as wait beyond `most`, and at most `limit`.
local function drop_oldest(most, limit)
  local beyond = redis.call('ZCARD', K.stack) + redis.call('ZCARD', K.scheduled) - most
  if beyond <= 0 then return end
  local ids = redis.call('ZRANGE', K.stack, 0, math.min(beyond, limit) - 1)
  expire(ids, 'overflow')
  count('overflowed', #ids)
  close_if_empty()
end
