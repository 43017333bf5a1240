--- @include number_of
local function runs_as(job, number)
  return job and job[R.STATUS] == S.RUNNING and number_of(job) == number
end
