--- @state
-- What a call will write, gathered by key and written by write.lua: one command a key, since each command costs more
-- than what it does. `zrems`: key → {id, …}, which go before what is added; `zadds`: key → {score, id, …}; `hsets`: key →
-- {field, text, …}.
local zrems, zadds, hsets = {}, {}, {}
