--- @include order
--- @include takes_bottom
--- @include pick_by_turns
-- Takes picked jobs off the stack. Returns those that were there, and their ids and places in turn.
local function take_off(picked)
  local ids, rows, popped, taken = {}, {}, {}, {}
  for i, pick in ipairs(picked) do ids[i], rows[i] = pick.id, pick.row end
  local on_stack = redis.call('ZMSCORE', K.stack, unpack(ids))
  redis.call('ZREM', K.grouped, unpack(rows))
  redis.call('ZREM', K.stack, unpack(ids))
  for i, pick in ipairs(picked) do
    if on_stack[i] then
      taken[#taken + 1] = pick
      popped[#popped + 1] = pick.id
      popped[#popped + 1] = on_stack[i]
    else
      touched[pick.group.name] = true -- only meddling from outside leaves such a row
    end
  end
  return taken, popped
end

-- Places the groups anew of which jobs were taken.
local function place_anew(taken, from_bottom)
  local groups, names = {}, {}
  for _, pick in ipairs(taken) do
    local group = pick.group
    if not groups[group.name] then groups[group.name], names[#names + 1] = group, group.name end
  end
  local others = redis.call('ZMSCORE', from_bottom and K.group_tops or K.group_bottoms, unpack(names))
  for i, name in ipairs(names) do
    local group = groups[name]
    local near, far = group.place, (tonumber(others[i] or 0)) % P.OTHER_HALF
    if from_bottom then near, far = near and far, near end
    place_group(name, near, far, group.slots, group_rule.shares and group.round == group_rule.round)
  end
end

-- Takes picked jobs off the stack, hands them out, and places their groups anew. Returns how many it handed out, and whether
-- others ended, or weren't there.
local function hand_out_picked(picked, from_bottom, rule, reply)
  local taken, popped = take_off(picked)
  if #taken == 0 then return 0, true end
  local is_bottom, before = {}, #reply
  for i = 1, #taken do is_bottom[i] = from_bottom end
  local places, ended_others = hand_out(popped, is_bottom, taken, rule, reply)
  local handed = (#reply - before) / 5
  for i, place in ipairs(places) do
    if place < (taken[i].left or 0) then count('order_inversions') end
  end

  if group_rule.shares then
    local had_turn = {}
    for i = 1, handed do
      if taken[i].round == group_rule.round then had_turn[#had_turn + 1] = taken[i].group.name end
    end
    if #had_turn > 0 then redis.call('SADD', K.had_turn, unpack(had_turn)) end
  end
  if ended_others then
    for i, pick in ipairs(taken) do
      touched[pick.group.name] = true
      if i > handed and redis.call('ZSCORE', K.stack, pick.id) then redis.call('ZADD', K.grouped, 0, pick.row) end
    end
  else
    place_anew(taken, from_bottom)
  end
  write_sorted_set(K.running_grouped)
  write_groups()
  return handed, ended_others or #taken < #picked
end

-- Claims up to `most` jobs off the stack by the turns of their groups: those in a row that come from the same end at once.
-- Returns whether that ended others.
local function claim_by_turns(most, rule, is_late, reply)
  local claims = rule.window and rule.window[W.CLAIMED] or 0
  if rule.share > 0 and not rule.window then
    --- @include claims_outside
    claims = claims_outside()
  end
  local order, handed, others = order_now(rule), 0, 0
  while handed < most and others < P.EXPIRED_AT_ONCE do
    local from_bottom, run = takes_bottom(claims + handed + 1, rule.share, order), 1
    while handed + run < most and takes_bottom(claims + handed + run + 1, rule.share, order) == from_bottom do
      run = run + 1
    end
    local picked, has_ended_one = pick_by_turns(run, from_bottom, is_late)
    if picked[1] then
      local now_handed, ended_others = hand_out_picked(picked, from_bottom, rule, reply)
      handed, has_ended_one = handed + now_handed, has_ended_one or ended_others
    elseif not has_ended_one then
      break
    end
    if has_ended_one then others = others + 1 end
    --- @insert place_touched
  end
  return others > 0
end
