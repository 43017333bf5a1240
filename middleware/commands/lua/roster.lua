-- Reads the roster: the processes of ours that live, at most 1,000.
-- KEYS: as enter.lua
-- ARGV: 1 now in µs or ''
-- Returns id and packed entry of each.

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf', 'LIMIT', 0, 1000)
local reply = {}
if #ids == 0 then return reply end
for i, entry in ipairs(redis.call('HMGET', KEYS[2], unpack(ids))) do
  reply[2 * i - 1], reply[2 * i] = ids[i], entry
end
return reply
