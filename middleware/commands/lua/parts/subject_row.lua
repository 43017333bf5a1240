-- Subjects: K.subjects has, of each subject of a queue, the jobs that wait or run, and the newest one that was processed. A
-- member is the subject's digest, the job's seq in 7 bytes, and its id, so the jobs of a subject are a range that goes by seq.
-- What K.subjects holds of a job; without the id, the bound below which the older ones of its subject are.
local function subject_row(job, id)
  return job[R.SUBJECT] .. struct.pack('>I7', job[R.SEQ]) .. (id or '')
end
