-- Walking a queue's jobs newest first by seq, through one index or several.
-- A table says what is looked for: names of indexes; above, a seq or nil; task, a name or ''; window, a number or
-- nil. Two thousand rows cost milliseconds, so rows are kept in two arrays, ids and seqs, instead of a table each.

local BUDGET, TIES, INDEXES = 2000, 20000, P.INDEXES

-- Reads rows of each index below `below`, at most `step` of each, newest first. Returns a list {ids, seqs} for each index
-- that has any; the floor: whatever is at or above it is among them, and what is below it has to be asked for again
-- (-∞: there is nothing more); and how many rows were read.
local function gather(wanted, below, step)
  local lists, floor, looked = {}, -math.huge, 0
  local max = below and string.format('(%.0f', below) or '+inf'
  local min = wanted.above and string.format('(%.0f', wanted.above) or '-inf'

  local function add(index)
    local rows = redis.call('ZREVRANGEBYSCORE', index, max, min, 'WITHSCORES', 'LIMIT', 0, step)
    if #rows == 0 then return end
    local ids, seqs = {}, {}
    for i = 1, #rows / 2 do ids[i], seqs[i] = rows[2 * i - 1], tonumber(rows[2 * i]) end
    lists[#lists + 1] = {ids = ids, seqs = seqs}
    looked = looked + #ids
    if #ids == step then floor = math.max(floor, seqs[#seqs]) end
  end

  -- The stack goes by place. Jobs whose place isn't their seq are found through K.displaced, and passed over here: at most
  -- BUDGET of them, or TIES where all of them fell due in the same microsecond, since no cursor leads into those.
  local function add_stack()
    local taken, passed, top = {ids = {}, seqs = {}}, 0, nil
    while true do
      local chunk = passed < BUDGET and step or 1000
      local rows = redis.call('ZREVRANGEBYSCORE', K.stack, max, min, 'WITHSCORES', 'LIMIT', passed, chunk)
      if #rows == 0 then return end
      if passed == 0 then lists[#lists + 1] = taken end
      local ids = {}
      for i = 1, #rows / 2 do ids[i] = rows[2 * i - 1] end
      local displaced = redis.call('ZMSCORE', K.displaced, unpack(ids))
      for i, id in ipairs(ids) do
        if not displaced[i] then taken.ids[#taken.ids + 1], taken.seqs[#taken.seqs + 1] = id, tonumber(rows[2 * i]) end
      end
      looked = looked + #ids
      if #ids < chunk then return end
      local last = tonumber(rows[#rows])
      passed, top = passed + chunk, top or tonumber(rows[2])
      local tied = last == top and passed < TIES
      if #taken.ids >= step or (passed >= BUDGET and not tied) then
        -- A displaced job's place may be another job's seq, which then comes next.
        floor = math.max(floor, last + ((displaced[#ids] and last < top) and 1 or 0))
        return
      end
    end
  end

  for _, name in ipairs(wanted.indexes) do
    if name == 'stack' and redis.call('ZCARD', K.displaced) > 0 then add_stack() else add(INDEXES[name]) end
  end
  return lists, floor, looked
end

-- The rows of all lists that are at or above the floor, newest first: ids, seqs.
local function merged(lists, floor)
  local ids, seqs, at = {}, {}, {}
  for l = 1, #lists do at[l] = 1 end
  while true do
    local newest, seq = nil, -math.huge
    for l, list in ipairs(lists) do
      local head = list.seqs[at[l]]
      if head and head >= floor and head > seq then newest, seq = l, head end
    end
    if not newest then return ids, seqs end
    ids[#ids + 1], seqs[#seqs + 1] = lists[newest].ids[at[newest]], seq
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

-- Whether a job is looked for. To unpack a record takes ten times as long as to miss some bytes in it.
local function fitting(wanted)
  local task_bytes = wanted.task ~= '' and cmsgpack.pack(wanted.task) or ''
  local window_bytes = wanted.window and cmsgpack.pack(wanted.window) or ''
  return function(packed)
    if not packed then return false end
    if task_bytes == '' and window_bytes == '' then return true end
    if not (string.find(packed, task_bytes, 1, true) and string.find(packed, window_bytes, 1, true)) then return false end
    local job = cmsgpack.unpack(packed)
    return (task_bytes == '' or job[R.TASK] == wanted.task) and (window_bytes == '' or job[R.WINDOW] == wanted.window)
  end
end

-- Calls visit(id, packed record) for up to `limit` jobs that are looked for, below `below` (nil: from the newest), and
-- looks at about BUDGET rows at the most. Returns the seq below which the walk goes on, or nil at the end.
local function walk(wanted, below, limit, visit)
  local fits, is_narrow = fitting(wanted), wanted.task ~= '' or wanted.window
  local step, visited, looked = is_narrow and math.max(limit, 500) or limit, 0, 0
  while true do
    local lists, floor, rows = gather(wanted, below, step)
    local ids, seqs = merged(lists, floor)
    local packed = records_of(ids)
    for i, id in ipairs(ids) do
      if visited == limit then return seqs[i - 1] end
      if fits(packed[i]) then
        visit(id, packed[i])
        visited = visited + 1
      end
    end
    if floor == -math.huge then return nil end
    below, looked = floor, looked + rows
    if visited == limit or looked >= BUDGET then return below end
  end
end
