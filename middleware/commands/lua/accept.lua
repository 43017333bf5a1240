-- Accepts jobs: all or none, the last one on top of the stack.
-- ARGV: 1 now in µs or '' · 2 default gate · 3 '' or MessagePack: the room for jobs that wait, these included {how many, how many
--       bytes their messages may have (0: no bound), whether the oldest on the stack expire beyond that}
--       · 4 caller ('': nameless) · 5 number of its call, higher than that of its last one
--       · 6 idempotency key ('': none) · 7 digest of the request under it
--       · 8 '' or a MessagePack array with what few jobs have: of each job {digests of its tags, one behind the other,
--       deadline as due below ('': none), digest of its subject
--       ('': none), µs for which newer jobs may supersede it (0: no bound), whether it stops those that run, digest of its group
--       ('': none), when it was generated in µs (false: nobody said)}
--       · 9 for the tick of a recurring job what parts/tick.lua takes, MessagePack; else ''
--       · then id, task, due, message of each job; due: '' (at once), + and µs from now, or µs since the epoch
-- Returns {accepted, seq of the first, now in µs}, followed by due time in µs or 0 of each job unless all are due at once; {recorded,
-- seq of the first, now in µs}, followed by the packed record of each job, where some went by when they were generated;
-- {again} when this very call was carried out before; {replayed, seq of the first, how many} of what it made when this request was
-- sent before under its key, {reused} when another one was; {exists, how many ids are known, an id}; or {crowded, how many jobs
-- wait beside those that would be superseded, µs until the next window opens if jobs wait for it, else 0, how many of this call
-- would wait too; and if it is the bytes that are too many, those of the former and of the latter}, which may have dropped the oldest.
-- All others but the first two change nothing. For a tick: what parts/tick.lua says, or {submitted, seq, and what it says}.

local default_gate, packed_room, caller, call, key, digest, packed_extras, packed_tick = unpack(ARGV, 2, 9)
local room = packed_room ~= '' and cmsgpack.unpack(packed_room)
local extras = packed_extras ~= '' and cmsgpack.unpack(packed_extras)
--- @include now
--- @include event_log
--- @include windows
--- @include gather
--- @include counts
--- @include move
--- @include new_record
--- @include groups
--- @include next_seq

-- Gather.
if caller ~= '' and redis.call('ZSCORE', K.callers, caller) == call then return {'again'} end
if key ~= '' then
  --- @include idempotency_find
  local made = made_under(key, digest)
  if made == 'reused' then return {'reused'} end
  if made then return {'replayed', unpack(made)} end
end
local note_submitted
if packed_tick ~= '' then
  --- @include tick
  local answer
  answer, note_submitted = decide_tick(unpack(cmsgpack.unpack(packed_tick)))
  if answer then return answer end
end
local ids, known, known_id = {}, 0, nil
for a = 10, #ARGV, 4 do ids[#ids + 1] = ARGV[a] end
for i, record in ipairs(redis.call('HMGET', K.records, unpack(ids))) do
  if record then known, known_id = known + 1, known_id or ids[i] end
end
if known > 0 then return {'exists', known, known_id} end
if room then
  --- @include has_room
  local sizes = {}
  for a = 13, #ARGV, 4 do sizes[#sizes + 1] = #ARGV[a] end
  local crowded = has_room(room, ids, sizes, extras)
  if crowded then
    --- @insert save
    return crowded
  end
end

-- Decide.
local first = next_seq()
local due_times, soonest, next_deadline = {}, math.huge, math.huge
local tagged, of_subjects = {}, {}
local place_of, is_recorded
if extras then
  --- @include place_by_generation
  place_of = place_by_generation
end
local function time_of(word)
  return word:sub(1, 1) == '+' and now + word:sub(2) or tonumber(word)
end
for a = 10, #ARGV, 4 do
  local id, task, due, message = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3]
  local seq, due_at = first + #due_times, 0
  if due ~= '' then due_at = time_of(due) end
  local job, extra = new_record(seq, task), extras and extras[seq - first + 1]
  job[R.SIZE] = #message
  local place = extra and extra[7] and place_of(extra[7], seq, extra[3])
  if due_at > now then
    job[R.PLACE], job[R.DUE], job[R.ENTERED] = place or 0, due_at, 0
    move(job, S.SCHEDULED)
    gather(zadds, K.due, due_at, id)
    gather(zadds, K.scheduled, seq, id)
    soonest = math.min(soonest, due_at)
  else
    due_at = 0
    move(job, S.QUEUED)
    gather(zadds, K.stack, place or seq, id)
    if place and place ~= seq then
      job[R.PLACE] = place
      gather(zadds, K.displaced, seq, id)
    end
  end
  if extra then
    local tags, deadline, subject, max_defer, stops_running, group = unpack(extra)
    for field = R.TAGS, R.GENERATED do job[field] = false end
    job[R.GROUP] = group ~= '' and group
    if place then job[R.GENERATED], is_recorded = place, true end
    if extra[7] then job[R.GENERATED_AT] = extra[7] end
    if tags ~= '' then job[R.TAGS], tagged[id] = tags, job end
    if subject ~= '' then
      --- @include subject_row
      job[R.SUBJECT] = subject
      gather(zadds, K.subjects, 0, subject_row(job, id))
      of_subjects[#of_subjects + 1] = {id, job, max_defer, stops_running}
    end
    if deadline ~= '' then
      job[R.EXPIRES] = time_of(deadline)
      gather(zadds, K.deadlines, job[R.EXPIRES], id)
      next_deadline = math.min(next_deadline, job[R.EXPIRES])
    end
  end
  if due_at == 0 and grouping() then
    --- @include join_group
    join_group(id, job)
  end
  gather(hsets, K.messages, id, message)
  gather(hsets, K.records, id, cmsgpack.pack(job))
  local subject, group = job[R.SUBJECT] or '', job[R.GROUP] or ''
  log('accept', now, id, seq, due_at, job[R.EXPIRES] or 0, subject, group, place and extra[7] or -1, place or 0)
  due_times[#due_times + 1] = due_at
end
count('accepted', #ids)

-- Whoever sleeps until the next due time or deadline must hear of an earlier one.
local is_sooner, next_event = false, math.min(soonest, next_deadline)
if next_event < math.huge then
  local next_due = redis.call('ZRANGE', K.due, 0, 0, 'WITHSCORES')[2]
  is_sooner = not next_due or next_event < tonumber(next_due)
end

-- Write.
gather(hsets, K.counters, 'seq', first + #ids - 1)
--- @insert write
if next_deadline < math.huge then redis.call('ZADD', K.due, 'LT', next_deadline, '') end -- watch_deadline.lua
if next(tagged) then
  --- @include tag_entries
  for id, job in pairs(tagged) do
    local row = {}
    for i, entry in ipairs(tag_entries(id, job)) do row[2 * i - 1], row[2 * i] = 0, entry end
    redis.call('ZADD', K.tagged, unpack(row))
  end
end
if #of_subjects > 0 then
  --- @include supersede_older
  supersede_older(of_subjects)
end
if room and room[3] then
  --- @include drop_oldest
  drop_oldest(room, #ids + P.EXPIRED_AT_ONCE)
end
if caller ~= '' then redis.call('ZADD', K.callers, call, caller) end
if key ~= '' then
  --- @include idempotency_keep
  keep_made(key, digest, {first, #ids})
end
if is_sooner and redis.call('LLEN', K.doorbell) == 0 then redis.call('RPUSH', K.doorbell, 1) end
--- @insert ring
--- @insert save
if note_submitted then return {'submitted', first, note_submitted(ids[1])} end
if is_recorded then return {'recorded', first, now, unpack(redis.call('HMGET', K.records, unpack(ids)))} end
if soonest == math.huge then return {'accepted', first, now} end
return {'accepted', first, now, unpack(due_times)}
