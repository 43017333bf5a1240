-- include: record stack windows replays
-- Opens a window by the queue's policy; one that is open is replaced.
-- ARGV: 1 now in µs or '' · 2 opened by (tick, operator, command) · 3 tick in ms or ''
--       · 4 credits (0: no bound) · 5 how long it lasts in µs (0: until something else ends it), both '' for the policy's
--       · 6 of a tick: the one after it in ms, or '' · 7 idempotency key ('': none) · 8 digest of the request under it
--       · 9 who opens it by hand, or ''
-- Returns {opened, number, packed window, time in µs after which no tick before this one was opened};
-- {replayed, number, packed window as it was opened} when this request was sent before under its key, {reused} when
-- another one was; or the word why not: {unruled}, {continuous}, {repeated, last tick in ms},
-- {early, now in µs}.

allow_when_full()
local now = clock(ARGV[1])
local p = redis.call('HMGET', K.policy, 'mode', 'order', 'share', 'close_when_empty', 'open', 'last_tick', 'batch',
  'lasts', 'lifo_above', 'lifo_below', 'timetable_since')
local made = made_under(ARGV[7], ARGV[8], now)
if made == 'reused' then return {'reused'} end
if made then return {'replayed', made[1], made[2]} end
if not p[1] then return {'unruled'} end
if p[1] == 'continuous' then return {'continuous'} end
local tick, last_tick = tonumber(ARGV[3]), tonumber(p[6] or 0)
if tick then plan_next(ARGV[6]) end
-- A last tick that lies ahead of what is allowed was opened before the server's clock was set back: it counts no more.
if last_tick * 1000 > now + 1000000 then last_tick = 0 end
if tick and tick <= last_tick then return {'repeated', last_tick} end
if tick and tick * 1000 > now + 1000000 then return {'early', now} end
if tick then redis.call('HSET', K.policy, 'last_tick', ARGV[3]) end
-- Since the last tick, or since there are such ticks at all; nothing is known of what the clock went through twice.
local unopened_since = now
if last_tick > 0 or not p[6] then unopened_since = math.max(last_tick * 1000, tonumber(p[11] or now)) end

promote_due(now, 500)
local open = tonumber(p[5] or 0)
if still_open(open, now) then close_window(open, now, 'replaced') end
trim_windows(0)

local n = redis.call('HINCRBY', K.policy, 'windows', 1)
count('windows_opened_by_' .. ARGV[2])
local credits, lasts = tonumber(ARGV[4]) or tonumber(p[7]), tonumber(ARGV[5]) or tonumber(p[8] or 0)
local w = {}
for field = 1, WINDOW_LENGTH do w[field] = 0 end
w[W_OPENED_BY], w[W_TICK], w[W_OPENED_AT] = ARGV[2], tick or false, now
w[W_CLOSES_AT], w[W_CLOSED_AT], w[W_CLOSE_REASON] = lasts > 0 and now + lasts, false, false
w[W_ORDER], w[W_SHARE], w[W_CLOSE_WHEN_EMPTY] = p[2], tonumber(p[3]), p[4] == '1'
w[W_LIFO_ABOVE], w[W_LIFO_BELOW] = tonumber(p[9] or 0), tonumber(p[10] or 0)
w[W_CREDITS] = credits > 0 and credits
w[W_FIRST_CLAIM], w[W_LAST_CLAIM], w[W_OLDEST_WAIT], w[W_LEFT_WAITING] = false, false, false, false
w[W_OPENER], w[W_CLOSER] = ARGV[9] ~= '' and ARGV[9], false
touched[n] = w
log('open', now, n, w[W_CREDITS], w[W_ORDER], w[W_SHARE], w[W_CLOSES_AT], w[W_LIFO_ABOVE], w[W_LIFO_BELOW])
redis.call('HSET', K.policy, 'open', n, 'last_opened', string.format('%.0f', now))
local newest = redis.call('ZREVRANGE', K.window_history, 0, 0, 'WITHSCORES')
redis.call('ZADD', K.window_history, math.max(tonumber(newest[2] or 0) + 1, now), n)
keep_made(ARGV[7], ARGV[8], {n, cmsgpack.pack(w)}, now)
close_when_done(n, now, redis.call('ZCARD', K.stack) == 0)
ring(now, 'closed')
save_windows()
return {'opened', n, cmsgpack.pack(w), unopened_since}
