-- The records of these jobs, in their order; false for one that has none.
local function load_all(ids)
  local jobs = redis.call('HMGET', K.records, unpack(ids))
  for i, packed in ipairs(jobs) do jobs[i] = packed and cmsgpack.unpack(packed) end
  return jobs
end
