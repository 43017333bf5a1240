--- @state
-- What a call counts: moves of jobs and counts of the queue, four values each: task, state before and after, and how long
-- the job waited or ran in µs or false; or false, name, by how much, false. save.lua keeps them in K.pending_counts.
local counted = {now}
local function note(task, before, after, us)
  local length = #counted
  counted[length + 1] = task
  counted[length + 2] = before
  counted[length + 3] = after
  counted[length + 4] = us
end

local function count(name, by)
  note(false, name, by or 1, false)
end

-- Gives a job another state; false: it has none yet, or is deleted.
local function move(job, status, us)
  note(job[R.TASK], job[R.STATUS], status, us or false)
  job[R.STATUS] = status
end
