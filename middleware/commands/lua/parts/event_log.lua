--- @state
-- While K.event_log exists, every move of a job and of the gate is appended to it, for the checker of histories
-- (docs/promise.md): {kind, time in µs, …}. They are gathered here, and written by save.lua.
local events = redis.call('EXISTS', K.event_log) == 1 and {}
local function log(...)
  if events then events[#events + 1] = cmsgpack.pack({...}) end
end
