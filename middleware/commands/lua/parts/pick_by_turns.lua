--- @include groups
--- @include group_rows
--- @include place_group
-- Picks up to `most` jobs by the turns of their groups, all from the same end. They stay where they are. Each is {id, row of
-- K.grouped, left: the next place in its group or nil, round in which it is its turn, group}. At a job whose deadline has passed
-- (`is_late`: some have) it stops; that one ends, and true comes behind the list.
local function pick_by_turns(most, from_bottom, is_late)
  local rule, picked, later = rule_of_groups(), {}, {}
  local round = rule.round

  -- Groups whose turn it is, the first of them last, where it is taken from.
  local function goes_after(one, other)
    if from_bottom then return one.place > other.place end
    return one.place < other.place
  end
  local function begin_round(groups)
    local low = round % 2 * P.OTHER_HALF
    local high = low + P.OTHER_HALF - 1
    local rows
    if from_bottom then
      rows = redis.call('ZRANGEBYSCORE', K.group_bottoms, low, high, 'WITHSCORES', 'LIMIT', 0, most)
    else
      rows = redis.call('ZREVRANGEBYSCORE', K.group_tops, high, low, 'WITHSCORES', 'LIMIT', 0, most)
    end
    local is_sorted = #groups == 0
    for i = #rows - 1, 1, -2 do
      groups[#groups + 1] = {name = rows[i], place = rows[i + 1] - low, taken = 0, slots = false, round = false}
    end
    if not is_sorted then table.sort(groups, goes_after) end
    return groups
  end

  local at_turn = begin_round({})
  while #picked < most do
    if #at_turn == 0 then
      -- The next round: of the groups that had their turn before, each half is read once, and the others are known.
      round = round + 1
      if round == rule.round + 1 then
        at_turn = begin_round(later)
      else
        table.sort(later, goes_after)
        at_turn = later
      end
      later = {}
      if #at_turn == 0 then break end
    end
    local group = table.remove(at_turn)
    local row, next_row = unpack(group_rows(group.name, from_bottom, group.taken, 2))
    if not row then
      touched[group.name] = true -- only meddling from outside leaves such a group
    else
      local id = row:sub(P.TAG_LENGTH + 8)
      local deadline = is_late and redis.call('ZSCORE', K.deadlines, id)
      if deadline and tonumber(deadline) <= now then
        --- @include expire
        expire({id}, 'deadline')
        return picked, true
      end
      group.slots = (group.slots or slots_of_group(group.name)) - 1
      group.taken, group.round = group.taken + 1, round
      group.place = next_row and place_in(next_row)
      picked[#picked + 1] = {id = id, row = row, left = group.place, round = round, group = group}
      if group.place and group.slots > 0 then
        local waiting = rule.shares and later or at_turn
        waiting[#waiting + 1] = group
        if not rule.shares then table.sort(at_turn, goes_after) end
      end
    end
  end
  return picked, false
end
