-- Puts a queue's policy in force. An open window keeps the rule that it was opened with.
-- ARGV: 1 now in µs or '' · 2 tick in ms at which the next window opens, '' when none is planned, or keep
--       · 3 the ticks after that one in ms, with a space between each, or '' (where they come in even steps)
--       · then name and value of each field: mode (windows, continuous), order (lifo, fifo, adaptive), share (of the oldest, in
--       ppm), batch (0: no bound), close_when_empty (0, 1), lasts (in µs, 0: until the next one opens),
--       lifo_above and lifo_below (in µs, of the adaptive order), period (from tick to tick in µs, 0: it varies),
--       timetable (when the ticks are, in words), order_by (accepted, generated), max_running and max_running_per_group (how many
--       jobs of the queue, and of one group, may run, 0: no bound), share_by_group (0, 1)
-- Returns 1 if it changed any of them, else 0; and 1 if index_groups.lua is to be called, else 0.

local next_tick, later_ticks, default_gate = ARGV[2], ARGV[3], 'closed'
--- @include now
--- @include groups
--- @include close_window
--- @include plan_next

--- @insert allow_when_full
if next_tick ~= 'keep' then
  plan_next(next_tick)
  redis.call('HSET', K.policy, 'later_ticks', later_ticks)
end
local is_changed = false
local order_before, bound_before, shared_before = unpack(
  redis.call('HMGET', K.policy, 'order', 'max_running_per_group', 'share_by_group')
)
for a = 4, #ARGV, 2 do
  local field, value = ARGV[a], ARGV[a + 1]
  if redis.call('HGET', K.policy, field) ~= value then
    redis.call('HSET', K.policy, field, value)
    if field == 'timetable' then redis.call('HSET', K.policy, 'timetable_since', now) end
    is_changed = true
  end
end
--- @include rule_groups
local is_indexing = rule_groups(bound_before, shared_before)
if is_changed then
  local mode, open, order, share, above, below, max_running, of_group, shares = unpack(redis.call('HMGET', K.policy, 'mode',
    'open', 'order', 'share', 'lifo_above', 'lifo_below', 'max_running', 'max_running_per_group', 'share_by_group'))
  if order ~= order_before then redis.call('HDEL', K.policy, 'order_now') end
  log('policy', now, mode, order, tonumber(share), tonumber(above or 0), tonumber(below or 0),
    tonumber(max_running or 0), tonumber(of_group or 0), shares == '1')
  if mode ~= 'windows' and open then close_window(tonumber(open), 'replaced') end
  --- @insert ring
end
--- @insert save
return {is_changed and 1 or 0, is_indexing}
