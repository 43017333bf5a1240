--- @include group_rows
--- @include rule_of_groups
--- @include takes_bottom
-- The first `most` ids that claims would take if they went round the groups from now on, in their order, and no bound kept
-- any back. Of each half it looks at as many groups as it needs at most.
local function preview_turns(most, share, order)
  local rule, groups, known = rule_of_groups(), {}, {}

  local function add(rows)
    for i = 1, #rows, 2 do
      local name = rows[i]
      if not known[name] then
        local is_at_turn = math.floor(tonumber(rows[i + 1]) / P.OTHER_HALF) == rule.round % 2
        known[name] = {name = name, is_at_turn = is_at_turn, from_top = 0, from_bottom = 0}
        groups[#groups + 1] = known[name]
      end
    end
  end
  for _, low in ipairs({0, P.OTHER_HALF}) do
    local high = low + P.OTHER_HALF - 1
    add(redis.call('ZREVRANGEBYSCORE', K.group_tops, high, low, 'WITHSCORES', 'LIMIT', 0, most))
    add(redis.call('ZRANGEBYSCORE', K.group_bottoms, low, high, 'WITHSCORES', 'LIMIT', 0, most))
  end
  for _, group in ipairs(groups) do
    group.left = redis.call('ZLEXCOUNT', K.grouped, '[' .. group.name, '(' .. group.name .. '\255')
  end

  local function end_of(group, from_bottom)
    local side = from_bottom and 'bottom' or 'top'
    if not group[side] then
      group[side] = group_rows(group.name, from_bottom, group['from_' .. side], 1)[1]
    end
    return group[side], place_in(group[side])
  end

  local function group_at_turn(from_bottom)
    local best, best_place
    for _, group in ipairs(groups) do
      if group.left > 0 and (group.is_at_turn or not rule.shares) then
        local _, place = end_of(group, from_bottom)
        if not best or (from_bottom and place < best_place) or (not from_bottom and place > best_place) then
          best, best_place = group, place
        end
      end
    end
    return best
  end

  local ids = {}
  for c = 1, most do
    local from_bottom = takes_bottom(c, share, order)
    local group = group_at_turn(from_bottom)
    if not group then
      for _, other in ipairs(groups) do other.is_at_turn = true end
      group = group_at_turn(from_bottom)
    end
    if not group then break end
    ids[c] = end_of(group, from_bottom):sub(P.TAG_LENGTH + 8)
    local side = from_bottom and 'bottom' or 'top'
    group[side], group['from_' .. side] = nil, group['from_' .. side] + 1
    group.left, group.is_at_turn = group.left - 1, false
  end
  return ids
end
