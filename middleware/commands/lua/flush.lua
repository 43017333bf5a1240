-- Deletes waiting jobs, at most 500 a call: those on the stack, oldest first, then the scheduled ones.
-- ARGV: 1 now in µs or ''
-- Returns how many it deleted; 0: none is left.

--- @include now
--- @include groups
--- @include load_all
--- @include delete_jobs
--- @include leave_group
--- @include open_number
--- @include close_when_done

--- @insert allow_when_full
local ids, jobs = redis.call('ZRANGE', K.stack, 0, 499), nil
if #ids > 0 then
  redis.call('ZREM', K.stack, unpack(ids))
  redis.call('ZREM', K.displaced, unpack(ids))
  jobs = load_all(ids)
  for i, id in ipairs(ids) do
    if jobs[i] then leave_group(id, jobs[i]) end
  end
else
  ids = redis.call('ZRANGE', K.scheduled, 0, 499)
  if #ids == 0 then
    redis.call('ZREM', K.due, '')
    return 0
  end
  redis.call('ZREM', K.due, unpack(ids))
  redis.call('ZREM', K.scheduled, unpack(ids))
end
redis.call('ZREM', K.deadlines, unpack(ids))
delete_jobs(ids, jobs or load_all(ids))
local is_empty = redis.call('ZCARD', K.stack) == 0
close_when_done(open_number(), is_empty)
if is_empty then redis.call('DEL', K.doorbell) end
--- @insert save
return #ids
