--- @include writes
-- Adds a pair to what will be written under a key.
local function gather(writes, key, first, second)
  local row = writes[key]
  if row then
    local length = #row
    row[length + 1] = first
    row[length + 2] = second
  else
    writes[key] = {first, second}
  end
end
