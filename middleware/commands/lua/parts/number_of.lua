-- What a claim's delivery is called, with the id: it never comes again. Attempts tell the claims of one server apart, also
-- while its clock stands still; the time of the claim tells them from those of another server that took over without having
-- heard of the claim (a failover); and seq from those of a job that had the same id before it was pruned.
local function number_of(job)
  return job[R.SEQ] + job[R.ATTEMPTS] + job[R.STARTED]
end
