--- @include event_log
--- @include windows
--- @include counts
--- @include writes
--- @include groups
-- Writes what this call has gathered.
--- @insert write
--- @insert place_touched
for opened, record in pairs(windows) do
  if record then redis.call('HSET', K.windows, opened, cmsgpack.pack(record)) end
end
if events and #events > 0 then redis.call('RPUSH', K.event_log, unpack(events)) end
if #counted > 2 or next(queue_counts) then
  local calls = redis.call('RPUSH', K.pending_counts, cmsgpack.pack(counted))
  local interval = tonumber(redis.call('HGET', K.counters, 'interval') or -1)
  if calls >= P.PENDING_CALLS or #counted > P.PENDING_MOVES or interval ~= math.floor(now / P.INTERVAL_US) then
    --- @include add_up
    add_up()
  end
end
