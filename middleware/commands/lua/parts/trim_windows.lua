--- @include delete_window
-- Deletes windows beyond the newest P.WINDOWS_KEPT, and those that closed before `oldest_kept`; not those whose jobs run.
-- It looks at 100 a call.
local function trim_windows(oldest_kept)
  local too_many = redis.call('ZCARD', K.window_history) - P.WINDOWS_KEPT
  for i, number in ipairs(redis.call('ZRANGE', K.window_history, 0, 99)) do
    local n = tonumber(number)
    local w = windows[n]
    if w == nil then
      local packed = redis.call('HGET', K.windows, n)
      w = packed and cmsgpack.unpack(packed)
    end
    local closed = w and w[W.CLOSED_AT]
    if i > too_many and not (closed and closed < oldest_kept) then return end
    if not w or (closed and w[W.RUNNING] == 0) then delete_window(n) end
  end
end
