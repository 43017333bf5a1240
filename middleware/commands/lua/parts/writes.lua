--- @state
-- What a call will write, gathered by key and written by write.lua: one command a key, since each command costs more
-- than what it does. `zadds`: key → {score, id, …}; `hsets`: key → {field, text, …}.
local zadds, hsets = {}, {}
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
