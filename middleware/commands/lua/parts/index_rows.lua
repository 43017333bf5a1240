--- @include walk_constants
-- Reads rows of each index below `below`, at most `step` of each, newest first. Returns a list {ids, seqs} for each index
-- that has any; the floor: whatever is at or above it is among them, and what is below it has to be asked for again
-- (-∞: there is nothing more); and how many rows were read.
local function index_rows(wanted, below, step)
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
