-- What a claim's delivery is called, with the id: unlike the attempt alone it never comes again, not even when an id is
-- accepted anew after it was pruned (that job has a higher seq).
local function number_of(job)
  return job[R.SEQ] + job[R.ATTEMPTS]
end
