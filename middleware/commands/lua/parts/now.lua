-- `now`: µs since the epoch, which the caller's clock gives in tests (ARGV[1]), else the server's. It stands still while
-- a script runs.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
