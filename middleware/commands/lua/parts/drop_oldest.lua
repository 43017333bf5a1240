--- @include drop
--- @include waiting_bytes
-- Ends the jobs at the bottom of the stack, as many as wait beyond the room, and at most `limit`.
local function drop_oldest(room, limit)
  local most, most_bytes = unpack(room)
  local beyond = most > 0 and redis.call('ZCARD', K.stack) + redis.call('ZCARD', K.scheduled) - most or 0
  local beyond_bytes = 0
  if most_bytes > 0 then
    local queued, scheduled = waiting_bytes()
    beyond_bytes = queued + scheduled - most_bytes
  end
  if beyond > 0 or beyond_bytes > 0 then drop((oldest(limit, beyond, beyond_bytes, {}))) end
end
