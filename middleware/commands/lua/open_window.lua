-- Opens a window by the queue's policy; one that is open is replaced.
-- ARGV: 1 now in µs or '' · 2 opened by (tick, operator, command) · 3 tick in ms or ''
--       · 4 credits (0: no bound) · 5 how long it lasts in µs (0: until something else ends it), both '' for the policy's
--       · 6 of a tick: the one after it in ms, or '' · 7 idempotency key ('': none) · 8 digest of the request under it
--       · 9 who opens it by hand, or ''
-- Returns {opened, number, packed window, time in µs after which no tick before this one was opened};
-- {replayed, number, packed window as it was opened} when this request was sent before under its key, {reused} when
-- another one was; or the word why not: {no_policy}, {continuous}, {repeated, last tick in ms},
-- {early, now in µs}.

local opened_by, tick, credits, lasts = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local next_tick, key, digest, who, default_gate = ARGV[6], ARGV[7], ARGV[8], ARGV[9], 'closed'
--- @include now
--- @include groups
--- @include promote_due
--- @include still_open
--- @include close_window
--- @include close_when_done
--- @include trim_windows
--- @include plan_next

--- @insert allow_when_full
local mode, order, share, close_when_empty, open, last_tick, policy_credits, policy_lasts, above, below, since = unpack(
  redis.call('HMGET', K.policy, 'mode', 'order', 'share', 'close_when_empty', 'open', 'last_tick', 'batch', 'lasts',
    'lifo_above', 'lifo_below', 'timetable_since')
)
if key ~= '' then
  --- @include idempotency_find
  local made = made_under(key, digest)
  if made == 'reused' then return {'reused'} end
  if made then return {'replayed', made[1], made[2]} end
end
if not mode then return {'no_policy'} end
if mode == 'continuous' then return {'continuous'} end
if tick then plan_next(next_tick) end
local is_first, last = not last_tick, tonumber(last_tick or 0)
-- A last tick beyond what is allowed was opened before the server's clock was set back: it no longer counts.
if last * 1000 > now + 1000000 then last = 0 end
if tick and tick <= last then return {'repeated', last} end
if tick and tick * 1000 > now + 1000000 then return {'early', now} end
if tick then redis.call('HSET', K.policy, 'last_tick', tick) end
-- Since the last tick, or since there are such ticks at all; nothing is known of what the clock went through twice.
local unopened_since = now
if last > 0 or is_first then unopened_since = math.max(last * 1000, tonumber(since or now)) end

promote_due()
local open_before = tonumber(open or 0)
if still_open(open_before) then close_window(open_before, 'replaced') end
trim_windows(0)

local n = redis.call('HINCRBY', K.policy, 'windows', 1)
count('windows_opened_by_' .. opened_by)
credits, lasts = credits or tonumber(policy_credits), lasts or tonumber(policy_lasts or 0)
local w = P.UNSET_WINDOW
for _, counter in ipairs({W.CLAIMED, W.RUNNING, W.PROCESSED, W.RETRIED, W.REJECTED, W.CANCELLED, W.PUT_BACK}) do
  w[counter] = 0
end
w[W.OPENED_BY], w[W.TICK], w[W.OPENED_AT], w[W.CLOSES_AT] = opened_by, tick or false, now, lasts > 0 and now + lasts
w[W.ORDER], w[W.SHARE], w[W.CREDITS] = order, tonumber(share), credits > 0 and credits
w[W.CLOSE_WHEN_EMPTY], w[W.OPENER] = close_when_empty == '1', who ~= '' and who
w[W.LIFO_ABOVE], w[W.LIFO_BELOW] = tonumber(above or 0), tonumber(below or 0)
windows[n] = w
log('open', now, n, w[W.CREDITS], w[W.ORDER], w[W.SHARE], w[W.CLOSES_AT], w[W.LIFO_ABOVE], w[W.LIFO_BELOW])
redis.call('HSET', K.policy, 'open', n, 'last_opened', now)
local newest = redis.call('ZREVRANGE', K.window_history, 0, 0, 'WITHSCORES')[2]
redis.call('ZADD', K.window_history, math.max(tonumber(newest or 0) + 1, now), n)
if key ~= '' then
  --- @include idempotency_keep
  keep_made(key, digest, {n, cmsgpack.pack(w)})
end
close_when_done(n, redis.call('ZCARD', K.stack) == 0)
--- @insert ring
--- @insert save
return {'opened', n, cmsgpack.pack(w), unopened_since}
