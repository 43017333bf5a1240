-- What an operator wants to know of a queue, at one moment: the same small work whatever the queue holds.
-- ARGV: 1 now in µs or ''
-- Returns now in µs; the place of the oldest waiting job or -1; since when jobs have waited in µs, at the latest, or -1;
-- the numbers of stack, scheduled, running, processed, rejected, cancelled, expired and superseded jobs; the policy's
-- fields mode, last_opened, last_claim, pause and open, '' where there is none; the packed window that is open or '';
-- names and values of the counters in turn; tasks and packed counters in turn.

--- @include now
--- @include load
--- @include add_up
add_up()

local function entered(row)
  local job = row[1] and load(row[1])
  return job and (job[R.ENTERED] or job[R.SEQ]) or math.huge
end

local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
local since = math.min(entered(oldest), entered(redis.call('ZREVRANGE', K.stack, 0, 0)))
local reply = {now, oldest[2] and tonumber(oldest[2]) or -1, since < math.huge and since or -1}
for _, index in ipairs({K.stack, K.scheduled, K.running, K.processed, K.rejected, K.cancelled, K.expired, K.superseded}) do
  reply[#reply + 1] = redis.call('ZCARD', index)
end
local p = redis.call('HMGET', K.policy, 'mode', 'last_opened', 'last_claim', 'pause', 'open')
for i = 1, 5 do reply[#reply + 1] = p[i] or '' end
local packed = p[5] and redis.call('HGET', K.windows, p[5]) or ''
-- One whose time is up is over, although nobody has closed it yet.
local w = packed ~= '' and cmsgpack.unpack(packed)
reply[#reply + 1] = w and not (w[W.CLOSES_AT] and w[W.CLOSES_AT] <= now) and packed or ''
reply[#reply + 1] = redis.call('HGETALL', K.counters)
reply[#reply + 1] = redis.call('HGETALL', K.task_counters)
return reply
