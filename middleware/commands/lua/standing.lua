-- How a queue stands at this moment.
-- ARGV: 1 now in µs or '' · 2 default gate · 3 how many windows in a row must be full · 4 how many fields of the policy,
--       and their names · then the names of the indexes whose members are counted
-- Returns {now in µs, gate (open, closed, paused), order of claims now, pause packed or '', number of the open window or
-- 0, its packed record or '', tick in ms at which the next one opens or '', place of the oldest waiting job or -1, 1 if
-- the last windows used all their credits else 0, accepted, pruned, then the value of each field or '', and the count of
-- each index}.

local default_gate = ARGV[2]
--- @include now
--- @include windows
--- @include writes
--- @include order
--- @include gate
--- @include planned
--- @include open_number
--- @include add_up
local INDEXES = P.INDEXES

--- @insert allow_when_full
local word, rule = gate()
local p = redis.call('HMGET', K.policy, 'order', 'pause', 'next_tick', 'lifo_above', 'lifo_below', 'windows', 'share')
rule = rule or {order = p[1] or 'lifo', above = p[4], below = p[5]}

-- Windows in which nothing was claimed aren't kept: a number that is missing wasn't full.
local function were_full(last, how_many)
  if tonumber(p[7] or 0) == 0 or last < how_many then return 0 end
  for n = last - how_many + 1, last do
    local w = window(n)
    if not w or not w[W.CREDITS] or w[W.CLAIMED] < w[W.CREDITS] then return 0 end
  end
  return 1
end

local order, n = order_now(rule), open_number()
--- @insert save
add_up()
local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
local counted = redis.call('HMGET', K.counters, 'accepted', 'pruned')
local reply = {
  now, word, order, p[2] or '', n, n > 0 and redis.call('HGET', K.windows, n) or '', planned(p[3]),
  oldest[2] and tonumber(oldest[2]) or -1, were_full(n > 0 and n - 1 or tonumber(p[6] or 0), tonumber(ARGV[3])),
  tonumber(counted[1] or 0), tonumber(counted[2] or 0),
}
local fields = tonumber(ARGV[4])
for a = 5, 4 + fields do reply[#reply + 1] = redis.call('HGET', K.policy, ARGV[a]) or '' end
for a = 5 + fields, #ARGV do reply[#reply + 1] = redis.call('ZCARD', INDEXES[ARGV[a]]) end
return reply
