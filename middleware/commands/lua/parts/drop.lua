--- @include expire
--- @include load_all
--- @include close_if_empty
-- The jobs at the bottom of the stack, as many as it takes to be `least` jobs and to have `bytes`, and at most `limit`; and how
-- many bytes they have. `passed_over`: those that don't count, by their ids.
local function oldest(limit, least, bytes, passed_over)
  local ids, freed, found = redis.call('ZRANGE', K.stack, 0, limit - 1), 0, {}
  local jobs = bytes > 0 and #ids > 0 and load_all(ids)
  for i, id in ipairs(ids) do
    if #found >= least and freed >= bytes then break end
    if not passed_over[id] then
      found[#found + 1] = id
      freed = freed + (jobs and jobs[i] and jobs[i][R.SIZE] or 0)
    end
  end
  return found, freed
end

local function drop(ids)
  if #ids == 0 then return end
  expire(ids, 'overflow')
  count('overflowed', #ids)
  close_if_empty()
end
