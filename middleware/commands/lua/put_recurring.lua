-- Puts the recurring jobs of a queue in force: these, and no others. What is known of one that is left out, its ticks and its
-- pause, is kept for a month: another scheduler may still have it, or a cadence have it again.
-- ARGV: 1 now in µs or '' · then name, timetable (when its ticks are, in words) and definition (JSON) of each
-- Returns how many there were, or came, that the queue didn't have in this way.

--- @include now

--- @insert allow_when_full
local put, changed = {}, 0
for a = 2, #ARGV, 3 do
  local name, timetable, definition = ARGV[a], ARGV[a + 1], ARGV[a + 2]
  put[name] = true
  local packed = redis.call('HGET', K.recurring, name)
  local r = packed and cmsgpack.unpack(packed) or P.UNSET_RECURRING
  if r[J.DEFINITION] ~= definition then
    if r[J.TIMETABLE] ~= timetable or not r[J.DEFINITION] then r[J.SINCE], changed = now, changed + 1 end
    r[J.DEFINITION], r[J.TIMETABLE], r[J.DROPPED_AT] = definition, timetable, false
    redis.call('HSET', K.recurring, name, cmsgpack.pack(r))
  end
end

local all = redis.call('HGETALL', K.recurring)
for i = 1, #all, 2 do
  local name, r = all[i], cmsgpack.unpack(all[i + 1])
  if not put[name] and r[J.DEFINITION] then
    r[J.DEFINITION], r[J.DROPPED_AT], changed = false, now, changed + 1
    redis.call('HSET', K.recurring, name, cmsgpack.pack(r))
  elseif not put[name] and r[J.DROPPED_AT] < now - P.RECURRING_KEPT_US then
    redis.call('HDEL', K.recurring, name)
    for _, what in ipairs({'submitted:', 'missed:', 'skipped_paused:', 'skipped_waiting:'}) do
      redis.call('HDEL', K.recurring_counters, what .. name)
    end
  end
end
return changed
