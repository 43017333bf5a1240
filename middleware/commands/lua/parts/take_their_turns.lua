--- @include take_over
--- @include newer_of_subject
--- @include close_if_empty
-- What was accepted in one call takes the turns of older jobs: of each subject the newest one, which supersedes the others. By
-- generation, a job that came late may be older than one that is known: then it is superseded itself.
local function take_their_turns(accepted)
  local newest = {}
  for _, each in ipairs(accepted) do
    local job = each[2]
    local so_far = newest[job[R.SUBJECT]]
    if not so_far or age_of(job) > age_of(so_far[2]) then newest[job[R.SUBJECT]] = each end
  end
  for _, each in ipairs(accepted) do
    local id, job, max_defer, stops_running = unpack(newest[each[2][R.SUBJECT]])
    local newer = job[R.GENERATED] and newer_of_subject(job)
    if newer then
      supersede(each[1], each[2], newer)
    elseif id == each[1] then
      take_over(id, job, max_defer, stops_running)
      if job[R.SINCE] then redis.call('HSET', K.records, id, cmsgpack.pack(job)) end
    end
  end
  close_if_empty()
end
