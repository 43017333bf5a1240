-- Pauses a recurring job, or lets it go on. Ticks that come meanwhile submit nothing, then or later.
-- ARGV: 1 now in µs or '' · 2 word (pause, resume) · 3 name · 4 who · 5 why, or ''
-- Returns a word: changed; same: it was so already, and whose word it was stays; unknown: no cadence here has it.

local word, name, who, why = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
--- @include now

--- @insert allow_when_full
local packed = redis.call('HGET', K.recurring, name)
local r = packed and cmsgpack.unpack(packed)
if not r or not r[J.DEFINITION] then return 'unknown' end
if (r[J.PAUSED_AT] ~= false) == (word == 'pause') then return 'same' end
if word == 'pause' then
  r[J.PAUSED_AT], r[J.PAUSED_BY], r[J.PAUSE_REASON] = now, who, why
else
  r[J.PAUSED_AT], r[J.PAUSED_BY], r[J.PAUSE_REASON] = false, false, false
end
redis.call('HSET', K.recurring, name, cmsgpack.pack(r))
return 'changed'
