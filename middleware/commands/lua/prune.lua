-- include: record stack windows finish forget replays
-- Upkeep: forgets finished jobs in the order in which they ended, at most 200 a call, and windows of that age.
-- ARGV: 1 now in µs or '' · 2 age in µs beyond which they go · 3 how many may stay · 4 how many bytes may stay
-- Of those who called accept, the latest 10,000 are kept; and idempotency keys for a day.
-- Returns how many it forgot; 200: call again.

local CHUNK, CALLERS_KEPT = 200, 10000
allow_when_full()
redis.call('ZREMRANGEBYRANK', K.callers, 0, -CALLERS_KEPT - 1)
local now = clock(ARGV[1])
forget_keys(now)
local oldest_kept = now - ARGV[2]
still_open(open_number(), now)
trim_windows(oldest_kept)
local too_many = redis.call('ZCARD', K.finished) - tonumber(ARGV[3])
add_turns()
local too_much = tonumber(redis.call('HGET', K.counters, 'finished_bytes') or 0) - tonumber(ARGV[4])

local ids, bytes = {}, 0
local rows = redis.call('ZRANGE', K.finished, 0, CHUNK - 1, 'WITHSCORES')
for i = 1, #rows, 2 do
  if tonumber(rows[i + 1]) > oldest_kept and #ids >= too_many and bytes >= too_much then break end
  ids[#ids + 1] = rows[i]
  bytes = bytes + size_of(rows[i])
end
if #ids == 0 then
  save_windows()
  return 0
end

redis.call('ZREM', K.finished, unpack(ids))
for _, index in ipairs({K.processed, K.rejected, K.cancelled, K.expired, K.superseded}) do
  redis.call('ZREM', index, unpack(ids))
end
count('finished_bytes', -bytes)
forget(ids, now)
save_windows()
return #ids
