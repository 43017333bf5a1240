--- @include planned
--- @include drop
--- @include waiting_bytes
-- Whether so many more jobs of so many bytes may wait; if not, how many wait, the µs until the next window opens if jobs wait for
-- it, else 0, and how many bytes wait. `room`: as accept.lua takes it. Where the oldest make room, as many as one call may drop must
-- make room for the bytes, or have more of them than come (a bound that was lowered). If they don't, they are dropped
-- all the same, so that a later call finds room.
local function has_room(room, more, more_bytes)
  local most, most_bytes, drops = unpack(room)
  local on_stack, scheduled = redis.call('ZCARD', K.stack), redis.call('ZCARD', K.scheduled)
  local queued_bytes, scheduled_bytes = 0, 0
  if most_bytes > 0 then queued_bytes, scheduled_bytes = waiting_bytes() end
  local beyond = most > 0 and on_stack + scheduled + more - most or 0
  local beyond_bytes = most_bytes > 0 and queued_bytes + scheduled_bytes + more_bytes - most_bytes or 0
  if beyond <= 0 and beyond_bytes <= 0 then return nil end
  if drops and beyond <= on_stack and beyond_bytes <= queued_bytes then
    if beyond_bytes <= 0 then return nil end
    local ids, freed = oldest(more + P.EXPIRED_AT_ONCE, 0, beyond_bytes)
    if freed >= math.min(beyond_bytes, more_bytes) then return nil end
    drop(ids)
    return on_stack + scheduled, 0, queued_bytes + scheduled_bytes
  end
  local mode, open, next_tick = unpack(redis.call('HMGET', K.policy, 'mode', 'open', 'next_tick'))
  local tick = mode == 'windows' and not open and planned(next_tick) or ''
  return on_stack + scheduled, tick ~= '' and math.max(0, tick * 1000 - now) or 0, queued_bytes + scheduled_bytes
end
