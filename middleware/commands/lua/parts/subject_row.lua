--- @include age_of
-- Subjects: K.subjects has, of each subject of a queue, the jobs that wait or run, and the newest one that was processed. A
-- member is the subject's digest, what the job's age goes by in 7 bytes (age_of.lua), and its id, so the jobs of a subject are
-- a range from the oldest to the newest.
-- What K.subjects holds of a job; without the id, the bound below which the older ones of its subject are.
local function subject_row(job, id)
  return job[R.SUBJECT] .. struct.pack('>I7', age_of(job)) .. (id or '')
end
