-- include: record stack windows order
-- How a queue stands at this moment.
-- ARGV: 1 now in µs or '' · 2 unruled word · then the names of the indexes whose members are counted
-- Returns {now in µs, gate (open, closed, paused), mode or '', order, order of claims now, pause packed or '', number of the open window or 0,
-- its packed record or '', tick in ms at which the next one opens or '', place of the oldest waiting job or -1, accepted,
-- pruned, then the count of each index}.

allow_when_full()
local now = clock(ARGV[1])
local word, rule = gate(now, ARGV[2])
local p = redis.call('HMGET', K.policy, 'mode', 'order', 'pause', 'next_tick', 'lifo_above', 'lifo_below')
rule = rule or {order = p[2] or 'lifo', above = tonumber(p[5] or 0), below = tonumber(p[6] or 0)}
local n = open_number()
local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
local counted = redis.call('HMGET', K.counters, 'accepted', 'pruned')
save_windows()
local reply = {
  now, word, p[1] or '', p[2] or 'lifo', order_at(now, rule), p[3] or '', n, n > 0 and redis.call('HGET', K.windows, n) or '', p[4] or '',
  oldest[2] and tonumber(oldest[2]) or -1, tonumber(counted[1] or 0), tonumber(counted[2] or 0),
}
for a = 3, #ARGV do reply[#reply + 1] = redis.call('ZCARD', K[ARGV[a]]) end
return reply
