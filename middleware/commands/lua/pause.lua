-- Pauses a queue, or lets it go on. What runs goes on in any case.
-- ARGV: 1 now in µs or '' · 2 word (pause, resume) · 3 who · 4 why, or '' · 5 default gate
-- Returns 1 if that changed anything; 0: it was so already, and whose word it was stays.

local word, who, why, default_gate = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
--- @include now
--- @include groups
--- @include event_log
--- @include counts
--- @include windows

--- @insert allow_when_full
local is_paused = redis.call('HEXISTS', K.policy, 'pause') == 1
if is_paused == (word == 'pause') then return 0 end

if word == 'pause' then
  redis.call('HSET', K.policy, 'pause', cmsgpack.pack({now, who, why}))
  redis.call('DEL', K.doorbell)
else
  redis.call('HDEL', K.policy, 'pause')
  --- @insert ring
end
redis.call('LPUSH', K.pauses, cmsgpack.pack({word, now, who, why}))
redis.call('LTRIM', K.pauses, 0, P.PAUSES_KEPT - 1)
log(word, now, who)
--- @insert save
return 1
