-- include: record samples
-- Jobs that leave for good.

-- Everything that is kept of these jobs, except their places in the indexes, which the caller knows.
local function forget(ids, now)
  for _, packed in ipairs(redis.call('HMGET', K.records, unpack(ids))) do
    local job = unpack_record(packed)
    if job then add(job, IN_STATE[job[STATUS]], -1) end
  end
  for _, texts in ipairs({K.records, K.messages, K.results, K.failures, K.progress}) do
    redis.call('HDEL', texts, unpack(ids))
  end
  count('pruned', #ids)
  for _, id in ipairs(ids) do log('forget', now, id) end
end
