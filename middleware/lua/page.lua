-- include: record
-- One page of jobs, newest first by seq, of one status or of all.
-- ARGV: 1 seq below which the page begins ('+inf': the newest) · 2 how many at most (1 to 500) · then names of indexes
-- Returns {seq from which the next page begins or '', then id and packed record of each job}.

local BUDGET, TIES = 2000, 20000
local limit = tonumber(ARGV[2])
local below = ARGV[1] == '+inf' and '+inf' or '(' .. ARGV[1]
local found, floor = {}, -math.huge

local function add(index)
  local rows = redis.call('ZREVRANGEBYSCORE', index, below, '-inf', 'WITHSCORES', 'LIMIT', 0, limit)
  for i = 1, #rows, 2 do
    found[#found + 1] = {rows[i], tonumber(rows[i + 1])}
  end
  if #rows == 2 * limit then floor = math.max(floor, tonumber(rows[#rows])) end
end

-- The stack goes by place. Jobs whose place isn't their seq are found through K.displaced, and passed over here: at most
-- BUDGET of them, or TIES where all of them fell due in the same microsecond, since no cursor leads into those.
local function add_stack()
  local looked, taken, top = 0, 0, nil
  while true do
    local step = looked < BUDGET and limit or 1000
    local rows = redis.call('ZREVRANGEBYSCORE', K.stack, below, '-inf', 'WITHSCORES', 'LIMIT', looked, step)
    local last_is_displaced = false
    for i = 1, #rows, 2 do
      last_is_displaced = redis.call('ZSCORE', K.displaced, rows[i]) ~= false
      if not last_is_displaced then found[#found + 1], taken = {rows[i], tonumber(rows[i + 1])}, taken + 1 end
    end
    if #rows < 2 * step then return end
    local last = tonumber(rows[#rows])
    looked, top = looked + step, top or tonumber(rows[2])
    local tied = last == top and looked < TIES
    if taken >= limit or (looked >= BUDGET and not tied) then
      -- A displaced job's place may be another job's seq, which then comes next.
      floor = math.max(floor, last + ((last_is_displaced and last < top) and 1 or 0))
      return
    end
  end
end

for a = 3, #ARGV do
  if ARGV[a] == 'stack' then add_stack() else add(K[ARGV[a]]) end
end
table.sort(found, function(a, b) return a[2] > b[2] end)

local reply, more = {''}, floor > -math.huge
for _, row in ipairs(found) do
  if row[2] < floor or #reply > 2 * limit then
    more = true
    break
  end
  reply[#reply + 1] = row[1]
  reply[#reply + 1] = redis.call('HGET', K.records, row[1])
  reply[1] = row[2]
end
if more then
  -- Nothing above the floor: the next page begins there all the same.
  local from = #reply > 1 and reply[1] or floor
  if #reply <= 2 * limit then from = math.min(from, floor) end
  reply[1] = string.format('%.0f', from)
else
  reply[1] = ''
end
return reply
