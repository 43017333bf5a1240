--- @include expire
--- @include load_all
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
