--- @include expire
-- What `pop` (ZPOPMAX or ZPOPMIN) gives when it goes on past jobs whose deadline has passed, which end here, after `one`, the
-- first that it gave. It passes P.EXPIRED_AT_ONCE of them at most, and then gives nothing.
local function pass_overdue(one, pop)
  local passed = {}
  while one[1] do
    local deadline = redis.call('ZSCORE', K.deadlines, one[1])
    if not deadline or tonumber(deadline) > now then break end
    passed[#passed + 1] = one[1]
    one = #passed < P.EXPIRED_AT_ONCE and redis.call(pop, K.stack, 1) or {}
  end
  if #passed > 0 then expire(passed, 'deadline') end
  return one
end
