--- @include planned
--- @include drop
--- @include waiting_bytes
-- nil if new jobs may come to those that wait, else what accept.lua answers; what they supersede needs no room. `ids`, `sizes`: of
-- each of them, the size that of its message in bytes; `room`, `extras`: as accept.lua takes them. Where the oldest make room, as
-- many as one call may drop must make room for the bytes, or have more of them than come (a bound that was lowered). If they don't,
-- they are dropped all the same, so that a later call finds room. Where new jobs are refused, a call has room that doesn't add to
-- what waits, though more wait than the bound lets.
local function has_room(room, ids, sizes, extras)
  local most, most_bytes, drops = unpack(room)
  local new, new_bytes = #ids, 0
  for _, bytes in ipairs(sizes) do new_bytes = new_bytes + bytes end
  local queued, scheduled = redis.call('ZCARD', K.stack), redis.call('ZCARD', K.scheduled)
  local queued_bytes, scheduled_bytes = 0, 0
  if most_bytes > 0 then queued_bytes, scheduled_bytes = waiting_bytes() end
  local before, before_bytes = queued + scheduled, queued_bytes + scheduled_bytes
  local to_drop, is_by_bytes

  local function is_enough(passed_over)
    local beyond = most > 0 and queued + scheduled + new - (drops and most or math.max(most, before)) or 0
    local beyond_bytes = most_bytes > 0
      and queued_bytes + scheduled_bytes + new_bytes - (drops and most_bytes or math.max(most_bytes, before_bytes)) or 0
    local spare, spare_bytes = drops and queued or 0, drops and queued_bytes or 0
    is_by_bytes = beyond_bytes > spare_bytes or beyond <= spare
    if beyond > spare or beyond_bytes > spare_bytes then return new == 0 end
    if beyond_bytes <= 0 then return true end
    local freed
    to_drop, freed = oldest(new + P.EXPIRED_AT_ONCE, 0, beyond_bytes, passed_over)
    return freed >= math.min(beyond_bytes, new_bytes)
  end

  if is_enough({}) then return nil end
  if extras then
    --- @include to_be_superseded
    local gone = to_be_superseded(ids, sizes, extras)
    if gone then
      queued, queued_bytes = queued - gone[S.QUEUED][1], queued_bytes - gone[S.QUEUED][2]
      scheduled, scheduled_bytes = scheduled - gone[S.SCHEDULED][1], scheduled_bytes - gone[S.SCHEDULED][2]
      new, new_bytes, to_drop = new - gone.new[1], new_bytes - gone.new[2], nil
      if is_enough(gone.ids) then return nil end
    end
  end
  local until_window = 0
  if to_drop then
    drop(to_drop)
  else
    local mode, open, next_tick = unpack(redis.call('HMGET', K.policy, 'mode', 'open', 'next_tick'))
    local tick = mode == 'windows' and not open and planned(next_tick) or ''
    if tick ~= '' then until_window = math.max(0, tick * 1000 - now) end
  end
  local answer = {'crowded', queued + scheduled, until_window, new}
  if is_by_bytes then answer[5], answer[6] = queued_bytes + scheduled_bytes, new_bytes end
  return answer
end
