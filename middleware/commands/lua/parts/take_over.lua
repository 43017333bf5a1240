--- @include leave_waiting
--- @include leave_group
--- @include older_of_subject
--- @include finish
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

-- The job takes over from the older ones of its subject: those that wait are superseded, but for one that keeps its turn, and
-- those that run asked to stop if it `stops_running`. Returns the ids of those that are superseded.
local function take_over(id, job, max_defer, stops_running)
  local waiting, running, since, is_behind = older_of_subject(job, max_defer)
  for _, other in ipairs(stops_running and running or {}) do ask_to_stop(other[1], other[2], id) end
  local superseded = {}
  for i, other in ipairs(waiting) do
    local older, record = unpack(other)
    supersede(older, record, id)
    superseded[i] = older
  end
  job[R.SINCE], job[R.BEHIND] = since, is_behind
  return superseded
end
