-- What K.tagged holds of a job with tags: of each of them the digest, the seq in 7 bytes, and the id.
local function tag_entries(id, job)
  local tags, entries = job[R.TAGS], {}
  local rest = struct.pack('>I7', job[R.SEQ]) .. id
  for at = 1, #tags, P.TAG_LENGTH do
    entries[#entries + 1] = string.sub(tags, at, at + P.TAG_LENGTH - 1) .. rest
  end
  return entries
end
