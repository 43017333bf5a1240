-- Puts back what was popped from the i-th job on (ids and places in turn), as if it had not been.
local function give_back(popped, i)
  local row = {}
  for p = 2 * i - 1, #popped, 2 do row[#row + 1], row[#row + 2] = popped[p + 1], popped[p] end
  if #row > 0 then redis.call('ZADD', K.stack, unpack(row)) end
end
