--- @include planned
-- Whether so many more jobs may wait; if not, how many wait, and the µs until the next window opens if jobs wait for it, else
-- 0. `most`: as accept.lua takes it.
local function has_room(most, more)
  local on_stack, scheduled = redis.call('ZCARD', K.stack), redis.call('ZCARD', K.scheduled)
  local beyond = on_stack + scheduled + more - math.abs(most)
  if beyond <= 0 or (most < 0 and beyond <= on_stack) then return nil end
  local mode, open, next_tick = unpack(redis.call('HMGET', K.policy, 'mode', 'open', 'next_tick'))
  local tick = mode == 'windows' and not open and planned(next_tick) or ''
  return on_stack + scheduled, tick ~= '' and math.max(0, tick * 1000 - now) or 0
end
