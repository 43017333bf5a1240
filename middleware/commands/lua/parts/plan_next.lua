-- Notes when the next window opens, as the cadence has it (tick in ms); '' when none is planned.
local function plan_next(tick)
  if tick ~= '' then redis.call('HSET', K.policy, 'next_tick', tick) else redis.call('HDEL', K.policy, 'next_tick') end
end
