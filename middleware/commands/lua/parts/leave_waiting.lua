-- Takes jobs that wait, on the stack or for their time, out of all that holds them for it.
local function leave_waiting(ids)
  for _, waiting in ipairs({K.deadlines, K.stack, K.displaced, K.due, K.scheduled}) do
    redis.call('ZREM', waiting, unpack(ids))
  end
end
