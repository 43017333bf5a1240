-- An operator's retry: puts jobs that ended badly back, each on top of the stack, with their attempts to be counted on and
-- without a deadline.
-- ARGV: 1 now in µs or '' · 2 default gate · 3 reason, kept on the jobs, or '' · then id and message of each, up to
--       500; a message's count of retries begins anew
-- Returns a word for each: queued, or why not: missing, waiting, running, processed, superseded.

local default_gate, reason = ARGV[2], ARGV[3]
--- @include now
--- @include groups
--- @include gather
--- @include event_log
--- @include windows
--- @include load
--- @include push
--- @include bytes_of
--- @include tag_bytes
--- @include next_seq
local WHY_NOT = {
  [S.SCHEDULED] = 'waiting', [S.QUEUED] = 'waiting', [S.RUNNING] = 'running', [S.PROCESSED] = 'processed',
  [S.SUPERSEDED] = 'superseded',
}

local function put_on_top(id, message)
  local job = load(id)
  if not job then return 'missing' end
  if WHY_NOT[job[R.STATUS]] then return WHY_NOT[job[R.STATUS]] end
  if job[R.SUBJECT] then
    --- @include newer_of_subject
    if newer_of_subject(job) then return 'superseded' end
  end
  count('finished_bytes', -bytes_of(id) - tag_bytes(job))
  redis.call('ZREM', K.finished, id)
  for _, index in ipairs({K.rejected, K.cancelled, K.expired}) do redis.call('ZREM', index, id) end
  redis.call('HDEL', K.progress, id)
  local place = next_seq()
  job[R.PLACE], job[R.LOST], job[R.CANCEL], job[R.FINISHED], job[R.DUE] = place, 0, false, false, false
  job[R.REASON], job[R.SIZE] = reason ~= '' and reason, #message
  if job[R.EXPIRES] then job[R.EXPIRES] = false end -- whoever runs it again wants it run
  log('retry', now, id, place)
  if job[R.SUBJECT] then
    --- @include take_over
    redis.call('ZADD', K.subjects, 0, subject_row(job, id))
    take_over(id, job, 0)
    job[R.SINCE] = job[R.SINCE] or now
  end
  push(id, job)
  gather(hsets, K.counters, 'seq', place)
  gather(hsets, K.messages, id, message)
  gather(hsets, K.records, id, cmsgpack.pack(job))
  -- At once, for an id may come twice.
  --- @insert write
  count('revived')
  return 'queued'
end

local words = {}
for a = 4, #ARGV, 2 do words[#words + 1] = put_on_top(ARGV[a], ARGV[a + 1]) end
--- @insert ring
--- @insert save
return words
