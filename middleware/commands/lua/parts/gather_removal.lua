--- @include writes
-- Adds a member to what will be removed from a sorted set.
local function gather_removal(key, member)
  local row = zrems[key]
  if row then row[#row + 1] = member else zrems[key] = {member} end
end
