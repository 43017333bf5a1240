--- @include counts
--- @include move
--- @include event_log
-- Deletes all that is kept of these jobs, except their places in the indexes, which the caller knows.
local function delete_jobs(ids)
  for _, packed in ipairs(redis.call('HMGET', K.records, unpack(ids))) do
    local job = packed and cmsgpack.unpack(packed)
    if job then move(job, false) end
  end
  for _, texts in ipairs({K.records, K.messages, K.results, K.failures, K.progress}) do
    redis.call('HDEL', texts, unpack(ids))
  end
  count('pruned', #ids)
  for _, id in ipairs(ids) do log('delete', now, id) end
end
