-- The record of a job that was never claimed, without a status. A record is a MessagePack array in K.records, with the
-- fields of layout.py; one that isn't set holds false, and the last ones, from R.TAGS on, may be lacking.
-- R.PLACE: false = equal to R.SEQ, 0 = not known before the job falls due. R.ENTERED: false = the moment of acceptance,
-- 0 = never yet on the stack.
local function new_record(seq, task)
  local job = P.UNSET_RECORD
  job[R.SEQ], job[R.TASK], job[R.ATTEMPTS] = seq, task, 0
  return job
end
