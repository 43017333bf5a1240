-- include: record stack windows
-- Pauses a queue, or lets it go on. What runs goes on in any case.
-- ARGV: 1 now in µs or '' · 2 word (pause, resume) · 3 who · 4 why, or '' · 5 unruled word
-- Returns 1 if that changed anything; 0: it was so already, and whose word it was stays.

local HISTORY_KEPT = 500
allow_when_full()
local now, word = clock(ARGV[1]), ARGV[2]
local is_paused = redis.call('HEXISTS', K.policy, 'pause') == 1
if is_paused == (word == 'pause') then return 0 end

if word == 'pause' then
  redis.call('HSET', K.policy, 'pause', cmsgpack.pack({now, ARGV[3], ARGV[4]}))
  redis.call('DEL', K.doorbell)
else
  redis.call('HDEL', K.policy, 'pause')
  ring(now, ARGV[5])
end
redis.call('LPUSH', K.pauses, cmsgpack.pack({word, now, ARGV[3], ARGV[4]}))
redis.call('LTRIM', K.pauses, 0, HISTORY_KEPT - 1)
log(word, now, ARGV[3])
save_windows()
return 1
