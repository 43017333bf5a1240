--- @include newer_of_subject
-- Of each subject, the id of the newest job among those that come in one call ({id, record} of each). By generation, a job
-- that came late may be older than one that is known: then that one's.
local function newest_of_subjects(accepted)
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
  return wins
end
