--- @include expire
--- @include load_all
--- @include waiting_bytes
--- @include close_if_empty
-- The jobs at the bottom of the stack, as many as it takes to be `least` jobs and to have `bytes`, and at most `limit`; and how
-- many bytes they have.
local function oldest(limit, least, bytes)
  local ids, freed, found = redis.call('ZRANGE', K.stack, 0, limit - 1), 0, {}
  local jobs = bytes > 0 and #ids > 0 and load_all(ids)
  for i, id in ipairs(ids) do
    if i > least and freed >= bytes then break end
    found[i] = id
    freed = freed + (jobs and jobs[i] and jobs[i][R.SIZE] or 0)
  end
  return found, freed
end

local function drop(ids)
  if #ids == 0 then return end
  expire(ids, 'overflow')
  count('overflowed', #ids)
  close_if_empty()
end

-- Ends the jobs at the bottom of the stack, as many as wait beyond the room, and at most `limit`.
local function drop_oldest(room, limit)
  local most, most_bytes = unpack(room)
  local beyond = most > 0 and redis.call('ZCARD', K.stack) + redis.call('ZCARD', K.scheduled) - most or 0
  local beyond_bytes = 0
  if most_bytes > 0 then
    local queued, scheduled = waiting_bytes()
    beyond_bytes = queued + scheduled - most_bytes
  end
  if beyond > 0 or beyond_bytes > 0 then drop(oldest(limit, beyond, beyond_bytes)) end
end
