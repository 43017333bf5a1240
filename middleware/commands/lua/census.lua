-- Counts a queue's jobs from structures that are kept independently of each other, at one moment.
-- ARGV: 1 now in µs or ''
-- Returns now in µs, the place of the oldest waiting job or -1, the number of members or fields of each of the keys
-- stack, scheduled, running, processed, rejected, cancelled, expired, superseded, due, leases, finished, records, messages;
-- task and packed counters in turn; then names and values of the counters.

--- @include now
--- @include add_up
local reply = {now}
add_up()
local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
reply[2] = oldest[2] and tonumber(oldest[2]) or -1
for _, index in ipairs({
  K.stack, K.scheduled, K.running, K.processed, K.rejected, K.cancelled, K.expired, K.superseded, K.due, K.leases, K.finished,
}) do
  reply[#reply + 1] = redis.call('ZCARD', index)
end
reply[#reply + 1] = redis.call('HLEN', K.records)
reply[#reply + 1] = redis.call('HLEN', K.messages)
reply[#reply + 1] = redis.call('HGETALL', K.task_counters)
for _, word in ipairs(redis.call('HGETALL', K.counters)) do reply[#reply + 1] = word end
return reply
