-- include: common
-- The usual turn of a worker, in one piece: jobs that were processed at their first attempt make room for as many as are
-- wanted from the top of a stack on which some are left, in LIFO order, while nothing falls due and the window goes on.
-- It reads first, and does nothing at all if anything is unusual: then the other rooms take the turn. They need forty
-- functions and twice the time for the same (docs/decisions/0018); what is written and told is the same.
-- K.turns: LIST of what usual turns did to each task, not counted anywhere else until add_turns (_samples.lua) does so;
-- their fields are named by TURN_FIELDS in sources.py.
-- Returns the reply of settle.lua and how many turns wait in that list, or nothing.

local function usual_turn()
  local wanted, settled = tonumber(ARGV[5]), tonumber(ARGV[6])
  if wanted == 0 or settled == 0 then return end

  local ids, results, jobs = {}, {}, {}
  for s = 1, settled do
    local id, outcome, result = ARGV[4 * s + 3], ARGV[4 * s + 5], ARGV[4 * s + 6]
    if outcome ~= 'processed' or jobs[id] then return end
    ids[s], jobs[id] = id, true
    if result ~= '' then results[#results + 1], results[#results + 2] = id, result end
  end

  local top = redis.call('ZREVRANGE', K.stack, 0, wanted, 'WITHSCORES')
  if #top < 2 * wanted + 2 then return end
  local now = clock(ARGV[1])
  local due = tonumber(redis.call('ZRANGE', K.due, 0, 0, 'WITHSCORES')[2] or math.huge)
  if due <= now then return end

  local p = redis.call('HMGET', K.policy, 'mode', 'order', 'share', 'open', 'pause')
  local n, w = p[1] == 'windows' and tonumber(p[4] or 0), nil
  local order, share = p[2] or 'lifo', tonumber(p[3] or 0)
  if n then
    local packed = redis.call('HGET', K.windows, n)
    if not packed then return end
    w = cmsgpack.unpack(packed)
    order, share = w[W_ORDER], w[W_SHARE]
    if w[W_CLOSES_AT] and w[W_CLOSES_AT] <= now then return end
    if w[W_CREDITS] and w[W_CREDITS] - w[W_CLAIMED] <= wanted then return end
  end
  if p[5] or order ~= 'lifo' or share ~= 0 or (p[1] or ARGV[4]) == 'closed' then return end

  if tonumber(redis.call('HGET', K.counters, 'slot') or -1) ~= math.floor(now / SLOT_US) then return end

  local turns, rows = {}, {}
  local function turn_of(task)
    if not turns[task] then turns[task] = {task, 0, 0, 0, 0, 0, n, now} end
    return turns[task]
  end

  local claimed = {}
  for c = 1, wanted do claimed[c] = top[2 * c - 1] end
  for c = 1, wanted do ids[settled + c] = claimed[c] end
  local records = redis.call('HMGET', K.records, unpack(ids))
  local bodies = redis.call('HMGET', K.messages, unpack(claimed))

  local saves, ended, ended_at = {}, {}, {}
  for s = 1, settled do
    local job = records[s] and cmsgpack.unpack(records[s])
    if not job or job[STATUS] ~= RUNNING or job[SEQ] + 1 ~= tonumber(ARGV[4 * s + 4]) or job[ATTEMPTS] ~= 1 then return end
    if not job[SIZE] or job[CANCEL] or (job[WINDOW] and job[WINDOW] ~= n) then return end
    local turn = turn_of(job[TASK])
    local run = math.max(0, now - job[STARTED])
    turn[TURN_SETTLED], turn[TURN_RUN_SUM] = turn[TURN_SETTLED] + 1, turn[TURN_RUN_SUM] + run
    turn[#turn + 1] = T_RUN_SUM + bucket(run)
    turn[TURN_BYTES] = turn[TURN_BYTES] + OVERHEAD_BYTES + job[SIZE] + #ARGV[4 * s + 6]
    if job[WINDOW] then w[W_RUNNING], w[W_PROCESSED] = w[W_RUNNING] - 1, w[W_PROCESSED] + 1 end
    job[STATUS], job[SETTLED], job[LOST], job[FINISHED], job[REASON] = PROCESSED, 1, 0, now, false
    saves[2 * s - 1], saves[2 * s] = ids[s], cmsgpack.pack(job)
    ended[2 * s - 1], ended[2 * s] = job[SEQ], ids[s]
    ended_at[2 * s - 1], ended_at[2 * s] = now, ids[s]
  end

  local reply, running, leases = {n and 'open ' .. p[4] or 'open', due < math.huge and due - now or -1, 0}, {}, {}
  local worker, lease = ARGV[2], now + tonumber(ARGV[3])
  for c = 1, wanted do
    local i, id, body = settled + c, claimed[c], bodies[c]
    local job = body and records[i] and cmsgpack.unpack(records[i])
    if not job or job[STATUS] ~= QUEUED or job[PLACE] or job[SEQ] ~= tonumber(top[2 * c]) then return end
    if job[SEQ] < tonumber(top[2 * c + 2]) then return end
    local turn = turn_of(job[TASK])
    local wait = math.max(0, now - (job[ENTERED] or job[SEQ]))
    turn[TURN_CLAIMED], turn[TURN_WAIT_SUM] = turn[TURN_CLAIMED] + 1, turn[TURN_WAIT_SUM] + wait
    turn[#turn + 1] = T_WAIT_SUM + bucket(wait)
    job[STATUS], job[ATTEMPTS], job[STARTED], job[FINISHED] = RUNNING, job[ATTEMPTS] + 1, now, false
    job[WORKER], job[WINDOW], job[SIZE] = worker, n, #body
    saves[2 * i - 1], saves[2 * i] = id, cmsgpack.pack(job)
    running[2 * c - 1], running[2 * c] = job[SEQ], id
    leases[2 * c - 1], leases[2 * c] = lease, id
    reply[4 * c], reply[4 * c + 1], reply[4 * c + 2], reply[4 * c + 3] = id, job[SEQ] + job[ATTEMPTS], job[ATTEMPTS], body
  end

  for _ = 1, wanted do ids[#ids] = nil end
  redis.call('ZREM', K.leases, unpack(ids))
  redis.call('ZREM', K.running, unpack(ids))
  redis.call('ZREM', K.stack, unpack(claimed))
  redis.call('HSET', K.records, unpack(saves))
  if #results > 0 then redis.call('HSET', K.results, unpack(results)) end
  redis.call('ZADD', K.processed, unpack(ended))
  redis.call('ZADD', K.finished, unpack(ended_at))
  redis.call('ZADD', K.running, unpack(running))
  redis.call('ZADD', K.leases, unpack(leases))
  if w then
    w[W_CLAIMED], w[W_RUNNING] = w[W_CLAIMED] + wanted, w[W_RUNNING] + wanted
    w[W_FIRST_CLAIM], w[W_LAST_CLAIM] = w[W_FIRST_CLAIM] or now, now
    redis.call('HSET', K.windows, n, cmsgpack.pack(w))
  end
  for _, turn in pairs(turns) do rows[#rows + 1] = cmsgpack.pack(turn) end
  if redis.call('LLEN', K.doorbell) == 0 then redis.call('RPUSH', K.doorbell, 1) end
  if redis.call('EXISTS', K.event_log) == 1 then
    for s = 1, settled do
      local row = {'settle', now, ids[s], tonumber(ARGV[4 * s + 4]), 'processed', PROCESSED}
      redis.call('RPUSH', K.event_log, cmsgpack.pack(row))
    end
    for c = 1, wanted do
      local row = {'claim', now, claimed[c], reply[4 * c + 2], running[2 * c - 1], true, n or 0, worker}
      redis.call('RPUSH', K.event_log, cmsgpack.pack(row))
    end
  end
  return reply, redis.call('RPUSH', K.turns, unpack(rows))
end

local usual, turns = usual_turn()
if usual and turns < TURNS_KEPT then return usual end
