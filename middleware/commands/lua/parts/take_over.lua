--- @include leave_waiting
--- @include leave_group
--- @include subject_row
--- @include finish
--- @include load_all
--- @include event_log
-- Ends a job that waits, since a newer one of its subject does.
local function supersede(id, job, by)
  leave_waiting({id})
  leave_group(id, job)
  job[R.SUPERSEDED_BY] = by
  finish(id, job, S.SUPERSEDED)
  redis.call('HSET', K.records, id, cmsgpack.pack(job))
  log('supersede', now, id, by)
end

local function ask_to_stop(id, job, by)
  if job[R.CANCEL] then return end
  job[R.CANCEL], job[R.SUPERSEDED_BY] = 'superseded', by
  redis.call('HSET', K.records, id, cmsgpack.pack(job))
  redis.call('PUBLISH', P.CANCELLATIONS, id)
  log('cancel_asked', now, id)
end

-- The job takes over from the older ones of its subject: those that wait are superseded, those that run asked to stop if it
-- `stops_running`. But once newer ones have superseded older ones for `max_defer` µs (0: no bound), the one that waits then stays
-- beside the newest. Returns the ids of those that are superseded.
local function take_over(id, job, max_defer, stops_running)
  local ids, waiting, superseded, is_behind = {}, {}, {}, false
  for i, row in ipairs(redis.call('ZRANGEBYLEX', K.subjects, '[' .. job[R.SUBJECT], '(' .. subject_row(job))) do
    ids[i] = row:sub(P.TAG_LENGTH + 8)
  end
  for i, other in ipairs(#ids > 0 and load_all(ids) or {}) do
    local status = other and other[R.STATUS]
    if status == S.QUEUED or status == S.SCHEDULED then
      waiting[#waiting + 1] = {ids[i], other}
      is_behind = is_behind or (#waiting > 1 and other[R.BEHIND])
    elseif status == S.RUNNING and stops_running then
      ask_to_stop(ids[i], other, id)
    end
  end
  local first = waiting[is_behind and 2 or 1]
  local since = first and (first[2][R.SINCE] or first[2][R.SEQ]) or false
  if first and max_defer > 0 and not is_behind and now - since >= max_defer then is_behind, since = true, now end
  for i = is_behind and 2 or 1, #waiting do
    local older, record = unpack(waiting[i])
    supersede(older, record, id)
    superseded[#superseded + 1] = older
  end
  job[R.SINCE], job[R.BEHIND] = since, is_behind
  return superseded
end
