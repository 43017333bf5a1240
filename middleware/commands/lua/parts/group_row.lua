-- What K.grouped (number: the place) and K.running_grouped (number: the seq) hold of a job, so the jobs of a group are a range
-- that goes by number.
local function group_row(job, number, id)
  return (job[R.GROUP] or P.NO_GROUP) .. struct.pack('>I7', number) .. id
end
