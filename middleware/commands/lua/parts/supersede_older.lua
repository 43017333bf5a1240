--- @include take_over
--- @include newer_of_subject
--- @include close_if_empty
-- What was accepted in one call supersedes older jobs: of each subject the newest one does, and the others of the call first, for
-- none of these may stay. By generation, a job that came late may be older than one that is known: then it is superseded itself.
local function supersede_older(accepted)
  local newest, wins = {}, {}
  for _, each in ipairs(accepted) do
    local job = each[2]
    local so_far = newest[job[R.SUBJECT]]
    if not so_far or age_of(job) > age_of(so_far[2]) then newest[job[R.SUBJECT]] = each end
  end
  for subject, each in pairs(newest) do
    local job = each[2]
    wins[subject] = job[R.GENERATED] and newer_of_subject(job) or each[1]
  end
  for _, each in ipairs(accepted) do
    local id, job = unpack(each)
    if wins[job[R.SUBJECT]] ~= id then supersede(id, job, wins[job[R.SUBJECT]]) end
  end
  for _, each in ipairs(accepted) do
    local id, job, max_defer, stops_running = unpack(each)
    if wins[job[R.SUBJECT]] == id then
      take_over(id, job, max_defer, stops_running)
      if job[R.SINCE] then redis.call('HSET', K.records, id, cmsgpack.pack(job)) end
    end
  end
  close_if_empty()
end
