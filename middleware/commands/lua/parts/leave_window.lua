--- @include windows
-- Counts a job that runs no more in the window that it was claimed in: from `running` into `outcome`.
local function leave_window(job, outcome)
  local w = job[R.WINDOW] and window(job[R.WINDOW])
  if w then w[W.RUNNING], w[outcome] = w[W.RUNNING] - 1, w[outcome] + 1 end
end
