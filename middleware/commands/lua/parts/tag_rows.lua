--- @include walk_constants
-- Rows of the index of tags: each tag that is looked for is a range of K.tagged, which goes by seq. A job with several of
-- them comes several times.

-- The range of a tag in which the seqs are below `below` and above wanted.above, its end first.
local function tag_range(wanted, digest, below)
  local function bound(seq) return digest .. struct.pack('>I7', math.max(0, math.min(seq, 2 ^ 53))) end
  return '(' .. bound(below or math.huge), '[' .. bound((wanted.above or -1) + 1)
end

local function digests_of(wanted)
  local digests = {}
  for at = 1, #wanted.tags, P.TAG_LENGTH do
    digests[#digests + 1] = string.sub(wanted.tags, at, at + P.TAG_LENGTH - 1)
  end
  return digests
end

-- As index_rows.
local function tag_rows(wanted, below, step)
  local lists, floor, looked, digests = {}, -math.huge, 0, digests_of(wanted)
  step = math.min(step, math.ceil(BUDGET / #digests))
  for _, digest in ipairs(digests) do
    local highest, lowest = tag_range(wanted, digest, below)
    local rows = redis.call('ZREVRANGEBYLEX', K.tagged, highest, lowest, 'LIMIT', 0, step)
    if #rows > 0 then
      local ids, seqs = {}, {}
      for i, row in ipairs(rows) do
        ids[i], seqs[i] = string.sub(row, P.TAG_LENGTH + 8), struct.unpack('>I7', row, P.TAG_LENGTH + 1)
      end
      lists[#lists + 1] = {ids = ids, seqs = seqs}
      looked = looked + #ids
      if #ids == step then floor = math.max(floor, seqs[#seqs]) end
    end
  end
  return lists, floor, looked
end

-- Whether fewer jobs have these tags than are in these states: the fewer ones are looked at.
local function tags_are_rarer(wanted, below)
  local tagged, of_status = 0, 0
  for _, digest in ipairs(digests_of(wanted)) do
    local highest, lowest = tag_range(wanted, digest, below)
    tagged = tagged + redis.call('ZLEXCOUNT', K.tagged, lowest, highest)
  end
  local max = below and string.format('(%.0f', below) or '+inf'
  local min = wanted.above and string.format('(%.0f', wanted.above) or '-inf'
  for _, name in ipairs(wanted.indexes) do
    if name ~= 'displaced' then of_status = of_status + redis.call('ZCOUNT', INDEXES[name], min, max) end
  end
  return tagged <= of_status
end
