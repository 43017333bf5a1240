-- Maintenance: deletes finished jobs in the order in which they ended, at most 200 a call, and windows of that age.
-- ARGV: 1 now in µs or '' · 2 age in µs beyond which they go · 3 how many may stay · 4 how many of their bytes may stay
--       · 5 how many idempotency keys may stay
-- Of those who called accept, the latest 10,000 are kept; and idempotency keys for a day at most.
-- Returns how many it deleted; 200: call again.

local age, most, most_bytes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local most_keys = tonumber(ARGV[5])
--- @include now
--- @include groups
--- @include event_log
--- @include counts
--- @include windows
--- @include still_open
--- @include open_number
--- @include trim_windows
--- @include bytes_of
--- @include tag_bytes
--- @include load_all
--- @include delete_jobs
--- @include idempotency_delete
--- @include add_up

--- @insert allow_when_full
redis.call('ZREMRANGEBYRANK', K.callers, 0, -P.CALLERS_KEPT - 1)
delete_idempotency_keys(most_keys)
local oldest_kept = now - age
still_open(open_number())
trim_windows(oldest_kept)
add_up()
local too_many = redis.call('ZCARD', K.finished) - most
local too_much = tonumber(redis.call('HGET', K.counters, 'finished_bytes') or 0) - most_bytes

local function may_stay(finished, gone, bytes_gone)
  return finished > oldest_kept and gone >= too_many and bytes_gone >= too_much
end

local oldest = redis.call('ZRANGE', K.finished, 0, 0, 'WITHSCORES')[2]
local ids, bytes = {}, 0
if oldest and not may_stay(tonumber(oldest), 0, 0) then
  local candidates, ends = {}, {}
  for i, word in ipairs(redis.call('ZRANGE', K.finished, 0, 199, 'WITHSCORES')) do
    if i % 2 == 1 then candidates[#candidates + 1] = word else ends[#ends + 1] = tonumber(word) end
  end
  local jobs = load_all(candidates)
  for i, id in ipairs(candidates) do
    if may_stay(ends[i], #ids, bytes) then break end
    ids[i] = id
    bytes = bytes + bytes_of(id) + (jobs[i] and tag_bytes(jobs[i]) or 0)
  end
  redis.call('ZREM', K.finished, unpack(ids))
  for _, index in ipairs(P.FINAL_INDEXES) do
    redis.call('ZREM', index, unpack(ids))
  end
  count('finished_bytes', -bytes)
  delete_jobs(ids, jobs)
end
--- @insert save
return #ids
