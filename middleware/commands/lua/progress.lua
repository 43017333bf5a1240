-- include: record
-- Keeps what a running task says of itself.
-- ARGV: 1 now in µs or '' · 2 id · 3 number of the delivery · 4 progress as JSON
-- Returns kept, stale (the lease is lost), or cancel (kept, and the job was asked to stop).

local id = ARGV[2]
local job = load(id)
if not runs_as(job, tonumber(ARGV[3])) then return 'stale' end
redis.call('HSET', K.progress, id, ARGV[4])
return job[CANCEL] and 'cancel' or 'kept'
