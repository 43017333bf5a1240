--- @include walk_constants
--- @include index_rows
--- @include tag_rows
--- @include fitting
-- Walking a queue's jobs newest first by seq, through the indexes of one state or several, or through the index of tags.
-- A table says what is looked for: names of indexes; above, a seq or nil; tasks, a list or nil; window, a number or
-- nil; tags, digests one behind the other or nil. Two thousand rows cost milliseconds, so rows are kept in two arrays, ids
-- and seqs, instead of a table each.

-- The rows of all lists that are at or above the floor, newest first and each once, at most so many: ids, seqs.
local function merged(lists, floor, most)
  local ids, seqs, at = {}, {}, {}
  for l = 1, #lists do at[l] = 1 end
  while true do
    local newest, seq = nil, -math.huge
    for l, list in ipairs(lists) do
      local head = list.seqs[at[l]]
      if head and head >= floor and head > seq then newest, seq = l, head end
    end
    if not newest or #ids == most then return ids, seqs end
    local id = lists[newest].ids[at[newest]]
    if id ~= ids[#ids] then ids[#ids + 1], seqs[#seqs + 1] = id, seq end
    at[newest] = at[newest] + 1
  end
end

local function records_of(ids)
  local packed = {}
  for from = 1, #ids, 5000 do
    local some = redis.call('HMGET', K.records, unpack(ids, from, math.min(from + 4999, #ids)))
    for i = 1, #some do packed[from + i - 1] = some[i] end
  end
  return packed
end

-- Calls visit(id, packed record) for up to `limit` jobs that are looked for, below `below` (nil: from the newest), and
-- looks at about BUDGET rows at the most. Returns the seq below which the walk goes on, or nil at the end.
local function walk(wanted, below, limit, visit)
  local is_by_tag = wanted.tags and tags_are_rarer(wanted, below)
  local rows_below, conditions = is_by_tag and tag_rows or index_rows, conditions_of(wanted, is_by_tag)
  local step, visited, looked = #conditions > 0 and math.max(limit, 500) or limit, 0, 0
  while true do
    local lists, floor, rows = rows_below(wanted, below, step)
    local ids, seqs = merged(lists, floor, #conditions > 0 and math.huge or limit - visited + 1)
    local packed = records_of(ids)
    for i, id in ipairs(ids) do
      if visited == limit then return seqs[i - 1] end
      if fits(packed[i], conditions) then
        visit(id, packed[i])
        visited = visited + 1
      end
    end
    if floor == -math.huge then return nil end
    below, looked = floor, looked + rows
    if visited == limit or looked >= BUDGET then return below end
  end
end
