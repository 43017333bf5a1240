--- @state
-- The windows that this call reads or changes, by number; false: there is none. save.lua writes them.
local windows = {}
local function window(n)
  if windows[n] == nil then
    local packed = redis.call('HGET', K.windows, n)
    windows[n] = packed and cmsgpack.unpack(packed)
  end
  return windows[n]
end
