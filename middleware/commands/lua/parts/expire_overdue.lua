--- @include expire
--- @include close_if_empty
-- Ends at most P.EXPIRED_AT_ONCE of the waiting jobs whose deadline has passed, those first whose deadline came first. It
-- takes the next deadline out of K.due (watch_deadline.lua), and returns the one to put there instead, or nil.
local function expire_overdue()
  redis.call('ZREM', K.due, '')
  local ids = redis.call('ZRANGEBYSCORE', K.deadlines, '-inf', now, 'LIMIT', 0, P.EXPIRED_AT_ONCE)
  if #ids > 0 then
    expire(ids, 'deadline')
    close_if_empty()
  end
  return redis.call('ZRANGE', K.deadlines, 0, 0, 'WITHSCORES')[2]
end
