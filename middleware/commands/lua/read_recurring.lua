-- Reads the recurring jobs of a queue that a cadence has.
-- ARGV: 1 now in µs or ''
-- Returns {now in µs, counters (name and value in turn), then of each: name, packed record, packed record of its last job or nil}.

--- @include now

local reply = {now, redis.call('HGETALL', K.recurring_counters)}
local all = redis.call('HGETALL', K.recurring)
for i = 1, #all, 2 do
  local r = cmsgpack.unpack(all[i + 1])
  if r[J.DEFINITION] then
    local job = r[J.LAST_JOB] and redis.call('HGET', K.records, r[J.LAST_JOB])
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = all[i], all[i + 1], job or false
  end
end
return reply
