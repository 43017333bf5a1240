--- @include windows
--- @include counts
--- @include event_log
--- @include delete_window
-- Ends window n: now, or when its time was up, if that is longer ago. One of a tick in which nothing was claimed is
-- counted, not kept.
local function close_window(n, reason)
  local w, at = window(n), now
  if w[W.CLOSES_AT] and w[W.CLOSES_AT] <= at then at, reason = w[W.CLOSES_AT], 'time' end
  redis.call('HDEL', K.policy, 'open')
  w[W.CLOSED_AT], w[W.CLOSE_REASON] = at, reason
  w[W.LEFT_WAITING] = redis.call('ZCARD', K.stack)
  log('close', at, n, reason)
  local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')[2]
  w[W.OLDEST_WAIT] = oldest and math.max(0, at - oldest) or false
  if w[W.CLAIMED] == 0 then
    count('windows_unused')
    if w[W.OPENED_BY] == 'tick' then delete_window(n) end
  end
end
