-- Handing jobs to `worker`, each for a `lease`.
--- @include gather
--- @include counts
--- @include move
--- @include event_log
--- @include number_of
--- @include until_due
--- @include gate
--- @include groups
--- @include close_when_done
-- Gives popped jobs (ids and places in turn) to the worker. `turns`: nil, or for each one {round in which it has its turn, …}.
-- Returns the places of those from the top, and whether that ended others.
local function hand_out(popped, is_bottom, turns, rule, reply)
  local ids, places, displaced, timed, gone = {}, {}, {}, {}, {}
  for i = 1, #popped, 2 do ids[#ids + 1] = popped[i] end
  local records, messages = redis.call('HMGET', K.records, unpack(ids)), redis.call('HMGET', K.messages, unpack(ids))
  for i, id in ipairs(ids) do
    if gone[id] then
      --- @include give_back
      give_back(popped, i + 1)
      for rest = #ids, i, -1 do ids[rest] = nil end
      break
    end
    local job = records[i] and cmsgpack.unpack(records[i])
    if not job then
      --- @include orphan
      job = orphan()
    end
    while turns and turns[i].round > group_rule.round do
      --- @include next_round
      next_round()
    end
    if job[R.BEHIND] then
      --- @include take_over
      --- @insert write
      for _, older in ipairs(take_over(id, job, 0)) do gone[older] = true end
    end
    local seq, place, message = job[R.SEQ], job[R.PLACE] or job[R.SEQ], messages[i]
    if place ~= seq then displaced[#displaced + 1] = id end
    if job[R.EXPIRES] then timed[#timed + 1] = id end
    local is_top = not (is_bottom and is_bottom[i])
    if is_top then places[#places + 1] = place end
    local waited = math.max(0, now - (job[R.ENTERED] or seq))
    move(job, S.RUNNING, waited)
    job[R.ATTEMPTS], job[R.STARTED], job[R.FINISHED] = job[R.ATTEMPTS] + 1, now, false
    job[R.WORKER], job[R.WINDOW], job[R.SIZE] = worker, rule.number or false, message and #message
    gather(hsets, K.records, id, cmsgpack.pack(job))
    gather(zadds, K.running, seq, id)
    if grouping_word and not rule.goes_by_groups then
      --- @include leave_group
      leave_group(id, job) -- its index is being made
    end
    if job[R.GROUP] then
      --- @include group_row
      gather(zadds, K.running_grouped, 0, group_row(job, seq, id))
    end
    gather(zadds, K.leases, now + lease, id)
    reply[#reply + 1] = id
    reply[#reply + 1] = number_of(job)
    reply[#reply + 1] = job[R.ATTEMPTS]
    reply[#reply + 1] = waited
    reply[#reply + 1] = message
    log('claim', now, id, job[R.ATTEMPTS], place, is_top, rule.number or 0, worker)
  end
  if #displaced > 0 then redis.call('ZREM', K.displaced, unpack(displaced)) end
  if #timed > 0 then redis.call('ZREM', K.deadlines, unpack(timed)) end

  local w = rule.window
  count(w and 'window_claims' or 'claims', #ids)
  if w then
    w[W.CLAIMED], w[W.RUNNING] = w[W.CLAIMED] + #ids, w[W.RUNNING] + #ids
    w[W.FIRST_CLAIM], w[W.LAST_CLAIM] = w[W.FIRST_CLAIM] or now, now
  end
  return places, next(gone) ~= nil
end

-- The live check of the order: no job that was taken from the top may have a lower place than the highest one that was left, or
-- than the next one taken from there. Places come from the records, what is left from the stack.
local function check_order(places, left)
  for i = #places, 1, -1 do
    if places[i] < left then count('order_inversions') end
    left = math.max(left, places[i])
  end
end

-- Claims up to `wanted` jobs and appends id, number, attempt, µs waited and message of each to the reply, newest first; its second
-- element becomes the µs until the next job falls due, or a deadline passes.
-- Returns the word of the gate, or `empty`, or `full` when nothing more may run, or `more` when so many jobs fell due that the
-- caller must call again; after it the number of the window that was claimed in, if there was one.
local function claim(wanted, reply)
  reply[2] = until_due()
  if reply[2] == 0 then
    --- @include promote_due
    local promoted = promote_due()
    reply[2] = until_due()
    if promoted == P.PROMOTED_AT_ONCE and reply[2] == 0 then return 'more' end
  end
  local word, rule = gate()
  if word ~= 'open' then return word end
  local most, claimed_before = math.min(wanted, rule.limit), #reply
  local popped, is_bottom = {}, nil
  local is_late = reply[2] == 0 -- more deadlines have passed than one call looks after
  if rule.goes_by_groups then
    --- @include claim_by_turns
    if claim_by_turns(most, rule, is_late, reply) then reply[2] = until_due() end
  elseif rule.order == 'lifo' and rule.share == 0 and not is_late then
    popped = redis.call('ZPOPMAX', K.stack, most)
  else
    --- @include pop_by_rule
    popped, is_bottom = pop_by_rule(most, rule, is_late)
  end
  local left = redis.call('ZREVRANGE', K.stack, 0, 0, 'WITHSCORES')[2]
  if popped[1] then
    local places, ended_others = hand_out(popped, is_bottom, nil, rule, reply)
    check_order(places, tonumber(left or 0))
    if ended_others then left, reply[2] = redis.call('ZREVRANGE', K.stack, 0, 0, 'WITHSCORES')[2], until_due() end
  end
  if rule.window then close_when_done(rule.number, not left) end
  local has_slot = (#reply - claimed_before) / 5 < rule.slots
  if rule.goes_by_groups then has_slot = has_slot and redis.call('EXISTS', K.group_tops) == 1 end
  if not left then
    redis.call('DEL', K.doorbell)
    word = 'empty'
  elseif not has_slot then
    word = 'full'
  elseif not (rule.window and rule.window[W.CLOSED_AT]) and redis.call('LLEN', K.doorbell) == 0 then
    redis.call('RPUSH', K.doorbell, 1)
  end
  return rule.window and word .. ' ' .. rule.number or word
end
