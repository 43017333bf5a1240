-- Keeps a value for a while, also with maxmemory reached: whoever is to repair that must be able to sign in.
-- KEYS: 1 STRING that expires
-- ARGV: 1 the value · 2 for how long in ms · 3 only if there is one already (present), only if not (absent), or '' (any)
-- Returns 1 if it is kept, else 0.

local value_key, wanted = KEYS[1], ARGV[3]
local found = redis.call('EXISTS', value_key) == 1 and 'present' or 'absent'
if wanted ~= '' and wanted ~= found then return 0 end
redis.call('DEL', value_key) -- with maxmemory reached, a first write that frees lets the rest pass
redis.call('SET', value_key, ARGV[1], 'PX', ARGV[2])
return 1
