--- @include take_over
--- @include close_if_empty
-- What was accepted in one call takes the turns of older jobs: of each subject the last one, which supersedes those before it.
local function take_their_turns(accepted)
  local is_done = {}
  for i = #accepted, 1, -1 do
    local id, job, max_defer, stops_running = unpack(accepted[i])
    if not is_done[job[R.SUBJECT]] then
      is_done[job[R.SUBJECT]] = true
      take_over(id, job, max_defer, stops_running)
      if job[R.SINCE] then redis.call('HSET', K.records, id, cmsgpack.pack(job)) end
    end
  end
  close_if_empty()
end
