-- The number of the window that was opened last and not closed yet; 0: none.
local function open_number()
  return tonumber(redis.call('HGET', K.policy, 'open') or 0)
end
