-- Keeps what a running task says of itself.
-- ARGV: 1 now in µs or '' · 2 id · 3 number of the delivery · 4 progress as JSON
-- Returns kept, stale (the lease is lost), or cancel (kept, and the job was asked to stop).

local id, number, progress = ARGV[2], tonumber(ARGV[3]), ARGV[4]
--- @include load
--- @include runs_as

local job = load(id)
if not runs_as(job, number) then return 'stale' end
redis.call('HSET', K.progress, id, progress)
return job[R.CANCEL] and 'cancel' or 'kept'
