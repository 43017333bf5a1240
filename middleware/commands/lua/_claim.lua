-- include: record samples stack windows order
-- Handing jobs to a worker.

-- Takes up to `n` jobs off the stack, each from the end that the order and the share of the oldest say. Returns their
-- ids, and for each whether it was the top.
local function take(n, rule, now)
  local ids, top, order = {}, {}, order_at(now, rule)
  if order == 'lifo' and rule.share == 0 then
    local popped = redis.call('ZPOPMAX', K.stack, n)
    for i = 1, #popped, 2 do ids[#ids + 1], top[#top + 1] = popped[i], true end
    return ids, top
  end
  for c = rule.claims + 1, rule.claims + n do
    local bottom = takes_bottom(c, rule.share, order)
    local popped = redis.call(bottom and 'ZPOPMIN' or 'ZPOPMAX', K.stack, 1)
    if not popped[1] then break end
    ids[#ids + 1], top[#top + 1] = popped[1], not bottom
  end
  return ids, top
end

-- The live check of the order: no job that was taken from the top may have a lower place than the highest one that was
-- left, or than the next one taken from there. Places come from the records, what is left from the stack.
local function count_inversions(places, above)
  for i = #places, 1, -1 do
    if places[i] < above then count('order_inversions') end
    above = math.max(above, places[i])
  end
end

-- Returns the places of those that were taken from the top.
local function lease_out(ids, top, now, worker, lease, rule, reply)
  local packed = redis.call('HMGET', K.records, unpack(ids))
  local bodies = redis.call('HMGET', K.messages, unpack(ids))
  local rows, ends, moved, places = {}, {}, {}, {}
  for i, id in ipairs(ids) do
    local job = unsaved[id] or unpack_record(packed[i]) or orphan(id, now)
    if place_of(job) ~= job[SEQ] then moved[#moved + 1] = id end
    if top[i] then places[#places + 1] = place_of(job) end
    move(job, RUNNING)
    add(job, T_CLAIMED)
    observe(job, T_WAIT_SUM, now - (job[ENTERED] or job[SEQ]))
    job[ATTEMPTS], job[STARTED] = job[ATTEMPTS] + 1, now
    job[FINISHED], job[WORKER], job[WINDOW] = false, worker, rule.window or false
    job[SIZE] = bodies[i] and #bodies[i]
    save_later(id, job)
    rows[2 * i - 1], rows[2 * i] = job[SEQ], id
    ends[2 * i - 1], ends[2 * i] = now + lease, id
    reply[#reply + 1] = id
    reply[#reply + 1] = number_of(job)
    reply[#reply + 1] = job[ATTEMPTS]
    reply[#reply + 1] = bodies[i]
    log('claim', now, id, job[ATTEMPTS], place_of(job), top[i], rule.window or 0, worker)
  end
  redis.call('ZADD', K.running, unpack(rows))
  redis.call('ZADD', K.leases, unpack(ends))
  if #moved > 0 then redis.call('ZREM', K.displaced, unpack(moved)) end
  return places
end

local function count_claims(taken, now, rule)
  if not rule.window then
    redis.call('HSET', K.policy, 'claims', rule.claims + taken, 'last_claim', string.format('%.0f', now))
    return
  end
  count('window_claims', taken)
  local w = window(rule.window)
  w[W_CLAIMED], w[W_RUNNING] = w[W_CLAIMED] + taken, w[W_RUNNING] + taken
  w[W_FIRST_CLAIM], w[W_LAST_CLAIM] = w[W_FIRST_CLAIM] or now, now
end

local function in_window(word, n)
  return n and string.format('%s %.0f', word, n) or word
end

-- Claims up to n jobs and appends id, number, attempt and message of each to the reply, newest first; its second element
-- becomes the µs until the next job falls due.
-- Returns the word of the gate, or `empty`, or `more` when so many jobs fell due that the caller must call again; after
-- it the number of the window that was claimed in, if there was one.
local function claim(n, now, worker, lease, unruled, reply)
  reply[2] = until_due(now)
  if reply[2] == 0 then
    local promoted = promote_due(now, 500)
    reply[2] = until_due(now)
    if promoted == 500 and reply[2] == 0 then return 'more' end
  end
  local word, rule = gate(now, unruled)
  if word ~= 'open' then return word end
  local ids, top = take(math.min(n, rule.limit), rule, now)
  local left = redis.call('ZREVRANGE', K.stack, 0, 0, 'WITHSCORES')
  if #ids > 0 then
    count_inversions(lease_out(ids, top, now, worker, lease, rule, reply), tonumber(left[2] or 0))
    count_claims(#ids, now, rule)
  end
  close_when_done(rule.window, now, not left[1])
  if not left[1] then
    redis.call('DEL', K.doorbell)
    return in_window('empty', rule.window)
  end
  wake_one(now, unruled)
  return in_window('open', rule.window)
end
