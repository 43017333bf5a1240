-- Reads the process registry: the processes of ours that live, at most 1,000.
-- KEYS: as register_process.lua
-- ARGV: 1 now in µs or ''
-- Returns id and packed registration of each.

local ends_key, processes_key = KEYS[1], KEYS[2]
--- @include now

local ids = redis.call('ZRANGEBYSCORE', ends_key, string.format('(%.0f', now), '+inf', 'LIMIT', 0, 1000)
local reply = {}
if #ids == 0 then return reply end
for i, registration in ipairs(redis.call('HMGET', processes_key, unpack(ids))) do
  reply[2 * i - 1], reply[2 * i] = ids[i], registration
end
return reply
