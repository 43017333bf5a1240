--- @include windows
local function delete_window(n)
  redis.call('HDEL', K.windows, n)
  redis.call('ZREM', K.window_history, n)
  windows[n] = false
end
