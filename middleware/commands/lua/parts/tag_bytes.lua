-- About how many bytes the indexes take for a job's tags and its subject.
local function tag_bytes(job)
  local tags = job[R.TAGS] and #job[R.TAGS] / P.TAG_LENGTH or 0
  return (tags + (job[R.SUBJECT] and 1 or 0)) * P.TAG_BYTES
end
