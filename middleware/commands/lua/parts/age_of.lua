-- By what it is decided which of two jobs of a subject is the newer one: when it was generated, where the policy ordered by
-- that, else its seq.
local function age_of(job)
  return job[R.GENERATED] or job[R.SEQ]
end
