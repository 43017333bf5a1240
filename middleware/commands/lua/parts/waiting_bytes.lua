--- @include add_up
--- @include counts
-- How many bytes the messages of jobs have that wait on the stack, and of those that wait for their time; as of now.
local function waiting_bytes()
  add_up()
  local queued, scheduled = unpack(redis.call('HMGET', K.counters, 'queued_bytes', 'scheduled_bytes'))
  return (queued or 0) + (queue_counts.queued_bytes or 0), (scheduled or 0) + (queue_counts.scheduled_bytes or 0)
end
