--- @include add_up
-- How many jobs were claimed outside of windows.
local function claims_outside()
  add_up()
  return tonumber(redis.call('HGET', K.policy, 'claims') or 0)
end
