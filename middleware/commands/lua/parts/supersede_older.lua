--- @include take_over
--- @include newest_of_subjects
--- @include close_if_empty
-- What was accepted in one call supersedes older jobs: of each subject the newest one does, and the others of the call first, for
-- none of these may stay; all of them, where a newer one is known.
local function supersede_older(accepted)
  local wins = newest_of_subjects(accepted)
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
