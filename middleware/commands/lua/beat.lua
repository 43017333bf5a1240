-- include: record pulse
-- Renews the leases of what a worker holds, and tells that somebody is alive.
-- ARGV: 1 now in µs or '' · 2 lease in µs · 3 silence in µs (_pulse.lua) · then id, number of each delivery held
-- Returns id and word of each that needs attention: cancel (it was asked to stop), lost (its lease ran out: it runs for
-- nothing, another worker has it or will). What was settled a moment ago isn't lost.

allow_when_full()
local now, lease = clock(ARGV[1]), tonumber(ARGV[2])
grace_until(now, lease, tonumber(ARGV[3]))
local reply = {}
for i = 4, #ARGV, 2 do
  local job, number = load(ARGV[i]), tonumber(ARGV[i + 1])
  if runs_as(job, number) then
    redis.call('ZADD', K.leases, now + lease, ARGV[i])
    if job[CANCEL] then
      reply[#reply + 1] = ARGV[i]
      reply[#reply + 1] = 'cancel'
    end
  elseif not was_settled_as(job, number) then
    reply[#reply + 1] = ARGV[i]
    reply[#reply + 1] = 'lost'
  end
end
return reply
