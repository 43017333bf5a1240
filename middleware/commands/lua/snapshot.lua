-- What there is to know of a queue at one moment: the same small work whatever the queue holds. It decides nothing: a
-- window whose time is up isn't shown as open, and is left to be closed by the next script that asks the gate.
-- ARGV: 1 now in µs or '' · 2 how many windows in a row must be full
-- Returns names and values in turn; nil where there is none:
--   now in µs · oldest: place of the oldest waiting job · waiting_since: since when, at the latest, some job has waited, in µs
--   window: packed record of the open one · order_now: of claims · next_tick: when the next window opens in ms, or ''
--   were_full: 1 if the last windows used all their credits, else 0
--   sizes: name of a key and number of its members, in turn · policy, counters: field and value in turn
--   held_back: how many jobs wait although the gate lets them, since as many of the queue or of their groups run as may
--   groups: {how many of them have jobs on the stack, how many of these are full, how many jobs their index has} where claims
--   go by groups
--   task_counters: task and packed counters in turn · freshness: as parts/read_freshness.lua says

local how_many_full = tonumber(ARGV[2])
--- @include now
--- @include load
--- @include windows
--- @include present_order
--- @include planned
--- @include read_freshness
--- @include add_up

add_up()
local open, last, order, share, above, below, next_tick, max_running, grouping = unpack(redis.call('HMGET', K.policy,
  'open', 'windows', 'order', 'share', 'lifo_above', 'lifo_below', 'next_tick', 'max_running', 'grouping'))
local n = tonumber(open or 0)
local w = n > 0 and window(n)
if w and w[W.CLOSES_AT] and w[W.CLOSES_AT] <= now then w = nil end

-- Windows in which nothing was claimed aren't kept: a number that is missing wasn't full.
local function were_full(newest)
  if tonumber(share or 0) == 0 or newest < how_many_full then return 0 end
  for number = newest - how_many_full + 1, newest do
    local one = window(number)
    if not one or not one[W.CREDITS] or one[W.CLAIMED] < one[W.CREDITS] then return 0 end
  end
  return 1
end

local function entered(row)
  local job = row[1] and load(row[1])
  return job and (job[R.ENTERED] or job[R.SEQ]) or math.huge
end

local held_back, groups = 0, false
if grouping == 'on' then
  local full = redis.call('ZREVRANGE', K.full_groups, 0, P.GROUPS_AT_ONCE - 1, 'WITHSCORES')
  for i = 2, #full, 2 do held_back = held_back + full[i] end
  local full_groups = redis.call('ZCARD', K.full_groups)
  groups = {redis.call('ZCARD', K.group_tops) + full_groups, full_groups, redis.call('ZCARD', K.grouped)}
end
local bound = tonumber(max_running or 0)
if bound > 0 and redis.call('ZCARD', K.running) >= bound then held_back = redis.call('ZCARD', K.stack) end

local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
local since = math.min(entered(oldest), entered(redis.call('ZREVRANGE', K.stack, 0, 0)))
local rule = {order = order or 'lifo', above = tonumber(above or 0), below = tonumber(below or 0)}
if w then rule = {order = w[W.ORDER], above = w[W.LIFO_ABOVE], below = w[W.LIFO_BELOW]} end
local order_now = present_order(rule)
local sizes = {'records', redis.call('HLEN', K.records), 'messages', redis.call('HLEN', K.messages)}
for name, key in pairs(P.INDEXES) do
  sizes[#sizes + 1], sizes[#sizes + 2] = name, redis.call('ZCARD', key)
end
for name, key in pairs({due = K.due, leases = K.leases, finished = K.finished}) do
  sizes[#sizes + 1], sizes[#sizes + 2] = name, redis.call('ZCARD', key)
  if name == 'due' and redis.call('ZSCORE', key, '') then sizes[#sizes] = sizes[#sizes] - 1 end -- that is no job
end
return {
  'now', now, 'oldest', tonumber(oldest[2]) or false, 'waiting_since', since < math.huge and since,
  'window', w and redis.call('HGET', K.windows, n) or false, 'order_now', order_now,
  'next_tick', planned(next_tick), 'were_full', were_full(w and n - 1 or tonumber(last or 0)),
  'sizes', sizes, 'policy', redis.call('HGETALL', K.policy), 'counters', redis.call('HGETALL', K.counters),
  'task_counters', redis.call('HGETALL', K.task_counters), 'freshness', read_freshness(),
  'held_back', held_back, 'groups', groups,
}
