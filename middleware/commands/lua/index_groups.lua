-- Puts some of the jobs on the stack into the index of groups, until all of them are there: then claims go by groups.
-- ARGV: 1 now in µs or '' · 2 default gate
-- Returns 1: call again; 0: it is done, or not to be done, or is to be begun anew: something moved jobs past the index, as a
-- process of an older version does, or the server is another one, to which the cursor means nothing.

local default_gate = ARGV[2]
--- @include now
--- @include groups
--- @include gather
--- @include windows
--- @include event_log
--- @include counts
--- @include load_all
--- @include join_group

--- @insert allow_when_full
if not grouping() or grouping() == 'on' then return 0 end
local cursor, found = unpack(redis.call('ZSCAN', K.stack, grouping(), 'COUNT', P.INDEXED_AT_ONCE))
local ids = {}
for i = 1, #found, 2 do ids[#ids + 1] = found[i] end
for i, job in ipairs(#ids > 0 and load_all(ids) or {}) do
  join_group(ids[i], job or {[R.SEQ] = tonumber(found[2 * i])})
end
--- @insert write
--- @insert place_touched
local is_whole = redis.call('ZCARD', K.grouped) == redis.call('ZCARD', K.stack)
redis.call('HSET', K.policy, 'grouping', cursor == '0' and is_whole and 'on' or cursor)
if cursor ~= '0' then return 1 end
if is_whole then
  log('grouping', now, 'on')
  --- @insert ring
else
  redis.call('UNLINK', K.grouped, K.group_tops, K.group_bottoms, K.full_groups)
end
--- @insert save
return 0
