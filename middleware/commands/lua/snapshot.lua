-- include: record windows order
-- What there is to know of a queue at one moment: the same small work whatever the queue holds. It decides nothing: a
-- window whose time is up isn't told as open, and is left to be closed by the next script that asks the gate.
-- ARGV: 1 now in µs or '' · 2 how many windows in a row must be full
-- Returns names and values in turn; nil where there is none:
--   now in µs · oldest: place of the oldest waiting job · waiting_since: since when, at the latest, some job has waited, in µs
--   window: packed record of the open one · order_now: of claims · next_tick: when the next window opens in ms, or ''
--   were_full: 1 if the last windows used all their credits, else 0
--   sizes: name of a key and number of its members, in turn · policy, counters: field and value in turn
--   tallies: task and packed tally in turn

local now = clock(ARGV[1])
add_turns()
local p = redis.call('HMGET', K.policy, 'open', 'windows', 'order', 'share', 'lifo_above', 'lifo_below', 'next_tick')

local n = tonumber(p[1] or 0)
local w = n > 0 and window(n)
if w and w[W_CLOSES_AT] and w[W_CLOSES_AT] <= now then w = nil end

-- Windows in which nothing was claimed aren't kept: a number that is missing wasn't full.
local function were_full(last, how_many)
  if tonumber(p[4] or 0) == 0 or last < how_many then return 0 end
  for number = last - how_many + 1, last do
    local one = window(number)
    if not one or not one[W_CREDITS] or one[W_CLAIMED] < one[W_CREDITS] then return 0 end
  end
  return 1
end

local function entered(row)
  local job = row[1] and load(row[1])
  return job and (job[ENTERED] or job[SEQ]) or math.huge
end

local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
local since = math.min(entered(oldest), entered(redis.call('ZREVRANGE', K.stack, 0, 0)))
local rule = w and {order = w[W_ORDER], above = w[W_LIFO_ABOVE], below = w[W_LIFO_BELOW]}
  or {order = p[3] or 'lifo', above = tonumber(p[5] or 0), below = tonumber(p[6] or 0)}
local order_now = present_order(now, rule)
local sizes = {'records', redis.call('HLEN', K.records), 'messages', redis.call('HLEN', K.messages)}
for name, key in pairs({
  stack = K.stack, scheduled = K.scheduled, running = K.running, processed = K.processed, rejected = K.rejected,
  cancelled = K.cancelled, expired = K.expired, superseded = K.superseded,
  due = K.due, leases = K.leases, finished = K.finished,
}) do
  sizes[#sizes + 1], sizes[#sizes + 2] = name, redis.call('ZCARD', key)
end
return {
  'now', now, 'oldest', tonumber(oldest[2]) or false, 'waiting_since', since < math.huge and since,
  'window', w and redis.call('HGET', K.windows, n) or false, 'order_now', order_now,
  'next_tick', planned(p[7], now), 'were_full', were_full(w and n - 1 or tonumber(p[2] or 0), tonumber(ARGV[2])),
  'sizes', sizes, 'policy', redis.call('HGETALL', K.policy), 'counters', redis.call('HGETALL', K.counters),
  'tallies', redis.call('HGETALL', K.tallies),
}
