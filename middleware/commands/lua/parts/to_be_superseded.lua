--- @include newest_of_subjects
--- @include older_of_subject
--- @include next_seq
-- What accepting the jobs of this call will supersede (supersede_older.lua), so that it doesn't count for the room they need: {how
-- many, their bytes} of those that wait, by their status, and of these jobs themselves under `new`; under `ids`, the former.
-- nil, if none of them has a subject. Of jobs of one subject that come together, generated in the same µs or next to it, it may
-- take another one for the newest.
local function to_be_superseded(ids, sizes, extras)
  local seq, accepted = nil, {}
  for i, extra in ipairs(extras) do
    local _, _, subject, max_defer, _, _, generated = unpack(extra)
    if subject ~= '' then
      --- @include place_by_generation
      seq = seq or next_seq()
      local job = {[R.SUBJECT] = subject, [R.SEQ] = seq + i - 1, [R.SIZE] = sizes[i]}
      job[R.GENERATED] = generated and place_by_generation(generated, job[R.SEQ], subject)
      accepted[#accepted + 1] = {ids[i], job, max_defer}
    end
  end
  if #accepted == 0 then return nil end
  local gone = {[S.QUEUED] = {0, 0}, [S.SCHEDULED] = {0, 0}, new = {0, 0}, ids = {}}
  local function goes(from, job)
    from[1], from[2] = from[1] + 1, from[2] + (job[R.SIZE] or 0)
  end
  local wins = newest_of_subjects(accepted)
  for _, each in ipairs(accepted) do
    local id, job, max_defer = unpack(each)
    if wins[job[R.SUBJECT]] ~= id then
      goes(gone.new, job)
    else
      for _, other in ipairs((older_of_subject(job, max_defer))) do
        gone.ids[other[1]] = true
        goes(gone[other[2][R.STATUS]], other[2])
      end
    end
  end
  return gone
end
