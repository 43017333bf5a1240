-- Whether the delivery of this number was settled, and is the last one that was.
local function was_settled_as(job, number)
  return job and job[R.SETTLED] == number
end
