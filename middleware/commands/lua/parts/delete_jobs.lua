--- @include counts
--- @include move
--- @include event_log
-- Deletes all that is kept of these jobs, except their places in the indexes of states, which the caller knows. `jobs`:
-- their records (load_all.lua).
local function delete_jobs(ids, jobs)
  for i, id in ipairs(ids) do
    local job = jobs[i]
    if job then move(job, false) end
    if job and job[R.SUBJECT] then
      --- @include subject_row
      redis.call('ZREM', K.subjects, subject_row(job, id))
      if tonumber(redis.call('ZSCORE', K.freshness, job[R.SUBJECT]) or 0) == age_of(job) then
        redis.call('ZREM', K.freshness, job[R.SUBJECT])
      end
    end
    if job and job[R.TAGS] then
      --- @include tag_entries
      redis.call('ZREM', K.tagged, unpack(tag_entries(id, job)))
    end
  end
  for _, texts in ipairs({K.records, K.messages, K.results, K.failures, K.progress}) do
    redis.call('HDEL', texts, unpack(ids))
  end
  count('pruned', #ids)
  for _, id in ipairs(ids) do log('delete', now, id) end
end
