-- Jobs that leave for good. Needs _record.

-- Everything that is kept of these jobs, except their places in the indexes, which the caller knows.
local function forget(ids)
  redis.call('HDEL', K.records, unpack(ids))
  redis.call('HDEL', K.messages, unpack(ids))
  redis.call('HDEL', K.results, unpack(ids))
  redis.call('HDEL', K.failures, unpack(ids))
  count('pruned', #ids)
end
