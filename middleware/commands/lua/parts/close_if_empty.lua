--- @include open_number
--- @include close_when_done
-- Ends the open window when its rule says so, after jobs have left the stack in another way than by a claim.
local function close_if_empty()
  close_when_done(open_number(), redis.call('ZCARD', K.stack) == 0)
end
