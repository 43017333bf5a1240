-- include: record samples
-- Windows and the gate: may a job be claimed now, and how many? Decided inside the script that claims.
-- A window is a MessagePack array in K.windows, its fields named by WINDOW_FIELDS in sources.py; unset: false.

local WINDOWS_KEPT = 10000
local OVERDUE = 5000000

local touched = {}

local function window(n)
  if touched[n] == nil then
    local packed = redis.call('HGET', K.windows, n)
    touched[n] = packed and cmsgpack.unpack(packed)
  end
  return touched[n]
end

-- Writes back what this call counted: in windows, and in the totals and tallies.
local function save_windows()
  save_counts()
  for n, w in pairs(touched) do
    if w then redis.call('HSET', K.windows, n, cmsgpack.pack(w)) end
  end
end

-- Counts one job of window n from `running` into `outcome`.
local function count_outcome(n, outcome)
  local w = n and window(n)
  if not w then return end
  w[W_RUNNING] = w[W_RUNNING] - 1
  w[outcome] = w[outcome] + 1
end

local function forget_window(n)
  redis.call('HDEL', K.windows, n)
  redis.call('ZREM', K.window_history, n)
  touched[n] = false
end

-- Ends window n: now, or when its time was up, if that is longer ago. One of a tick in which nothing was claimed is
-- counted, not kept.
local function close_window(n, at, reason)
  local w = window(n)
  if w[W_CLOSES_AT] and w[W_CLOSES_AT] <= at then at, reason = w[W_CLOSES_AT], 'time' end
  redis.call('HDEL', K.policy, 'open')
  w[W_CLOSED_AT], w[W_CLOSE_REASON] = at, reason
  w[W_LEFT_WAITING] = redis.call('ZCARD', K.stack)
  log('close', at, n, reason)
  local oldest = redis.call('ZRANGE', K.stack, 0, 0, 'WITHSCORES')
  w[W_OLDEST_WAIT] = oldest[2] and math.max(0, at - tonumber(oldest[2])) or false
  if w[W_CLAIMED] == 0 then
    count('windows_unused')
    if w[W_OPENED_BY] == 'tick' then forget_window(n) end
  end
end

-- Notes when the next window opens, as the cadence has it; '' when none is planned.
local function plan_next(tick)
  if tick ~= '' then redis.call('HSET', K.policy, 'next_tick', tick) else redis.call('HDEL', K.policy, 'next_tick') end
end

-- The tick in ms at which the next window opens, as it was noted; '' when none is planned, or it passed so long ago that
-- no scheduler can be at work.
local function planned(tick, now)
  return tick and tonumber(tick) * 1000 > now - OVERDUE and tick or ''
end

-- Forgets windows beyond the newest WINDOWS_KEPT, and those that closed before `oldest_kept`; not those whose jobs run.
-- It looks at 100 a call.
local function trim_windows(oldest_kept)
  local too_many = redis.call('ZCARD', K.window_history) - WINDOWS_KEPT
  for i, n in ipairs(redis.call('ZRANGE', K.window_history, 0, 99)) do
    local w = touched[tonumber(n)]
    if w == nil then
      local packed = redis.call('HGET', K.windows, n)
      w = packed and cmsgpack.unpack(packed)
    end
    local closed = w and w[W_CLOSED_AT]
    if i > too_many and not (closed and closed < oldest_kept) then return end
    if not w or (closed and w[W_RUNNING] == 0) then forget_window(tonumber(n)) end
  end
end

-- The number of the window that was opened last and not closed yet; 0: none.
local function open_number()
  return tonumber(redis.call('HGET', K.policy, 'open') or 0)
end

-- Window n while it is open; one whose time is up is closed here.
local function still_open(n, now)
  local w = n > 0 and window(n)
  if not w then return nil end
  if w[W_CLOSES_AT] and w[W_CLOSES_AT] <= now then
    close_window(n, now, 'time')
    return nil
  end
  return w
end

-- What the gate says: a word (open, closed, paused), then the rule to claim by:
-- {limit, order with above and below (_order.lua), share, claims so far, window number}. `unruled` is the word that holds until a policy exists. A pause
-- shuts the gate alone: behind it windows open and close in their time.
local function gate(now, unruled)
  local p = redis.call('HMGET', K.policy, 'mode', 'order', 'share', 'open', 'claims', 'pause', 'lifo_above', 'lifo_below')
  local mode, order, share, n = p[1], p[2] or 'lifo', tonumber(p[3] or 0), tonumber(p[4] or 0)
  local w = mode == 'windows' and still_open(n, now)
  if p[6] then return 'paused' end
  if not mode and unruled ~= 'open' then return unruled end
  if mode ~= 'windows' then
    if order ~= 'lifo' or share > 0 then -- how many claims there were decides which end the next one takes
      add_turns()
      p[5] = redis.call('HGET', K.policy, 'claims')
    end
    return 'open', {
      limit = math.huge, order = order, above = tonumber(p[7] or 0), below = tonumber(p[8] or 0), share = share,
      claims = tonumber(p[5] or 0),
    }
  end
  if not w then return 'closed' end
  local limit = w[W_CREDITS] and w[W_CREDITS] - w[W_CLAIMED] or math.huge
  return 'open', {
    limit = limit, order = w[W_ORDER], above = w[W_LIFO_ABOVE], below = w[W_LIFO_BELOW], share = w[W_SHARE],
    claims = w[W_CLAIMED], window = n,
  }
end

-- Ends the open window when its rule says so: the credits are used, or the stack is empty.
local function close_when_done(n, now, is_empty)
  local w = n and window(n)
  if not w or w[W_CLOSED_AT] then return end
  if w[W_CREDITS] and w[W_CLAIMED] >= w[W_CREDITS] then
    close_window(n, now, 'credits')
  elseif w[W_CLOSE_WHEN_EMPTY] and is_empty then
    close_window(n, now, 'empty')
  end
end

-- Wakes one idle consumer if it may claim. It will ring again if jobs remain after its claim.
local function wake_one(now, unruled)
  if redis.call('LLEN', K.doorbell) == 0 and gate(now, unruled) == 'open' then redis.call('RPUSH', K.doorbell, 1) end
end

-- The same, if there is something for it to do.
local function ring(now, unruled)
  if redis.call('ZCARD', K.stack) > 0 then wake_one(now, unruled) end
end
