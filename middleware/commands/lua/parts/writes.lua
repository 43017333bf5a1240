--- @state
-- What a call will write, gathered by key and written by write.lua: one command a key, since each command costs more
-- than what it does. `zadds`: key → {score, id, …}; `hsets`: key → {field, text, …}.
local zadds, hsets = {}, {}
