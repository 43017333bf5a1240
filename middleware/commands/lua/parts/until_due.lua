-- µs until the next job falls due, or the deadline of one that waits passes; -1 when there is neither.
local function until_due()
  local due = redis.call('ZRANGE', K.due, 0, 0, 'WITHSCORES')[2]
  return due and math.max(0, due - now) or -1
end
