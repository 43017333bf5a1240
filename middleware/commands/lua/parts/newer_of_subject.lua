--- @include subject_row
-- The id of the newest job of the subject that waits, runs or was processed, if it is newer than this one; else nil.
local function newer_of_subject(job)
  local above = '(' .. subject_row(job) .. '\255'
  local row = redis.call('ZREVRANGEBYLEX', K.subjects, '(' .. job[R.SUBJECT] .. '\255', above, 'LIMIT', 0, 1)[1]
  return row and row:sub(P.TAG_LENGTH + 8)
end
