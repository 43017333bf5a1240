-- About how many bytes the index takes for a job's tags.
local function tag_bytes(job)
  return job[R.TAGS] and #job[R.TAGS] / P.TAG_LENGTH * P.TAG_BYTES or 0
end
