-- Renews the leases of what a worker holds, and notes that somebody is alive.
-- ARGV: 1 now in µs or '' · 2 lease in µs · 3 silence in µs (parts/grace_until.lua) · then id, number of each delivery held
-- Returns id and word of each that needs attention: cancel (it was asked to stop), lost (its lease ran out: it runs for
-- nothing, another worker has it or will). What was settled a moment ago isn't lost.

local lease, silence = tonumber(ARGV[2]), tonumber(ARGV[3])
--- @include now
--- @include load
--- @include runs_as
--- @include was_settled_as
--- @include grace_until

--- @insert allow_when_full
grace_until(lease, silence)
local reply = {}
for a = 4, #ARGV, 2 do
  local id, number = ARGV[a], tonumber(ARGV[a + 1])
  local job, word = load(id), nil
  if runs_as(job, number) then
    redis.call('ZADD', K.leases, now + lease, id)
    word = job[R.CANCEL] and 'cancel'
  elseif not was_settled_as(job, number) then
    word = 'lost'
  end
  if word then
    reply[#reply + 1] = id
    reply[#reply + 1] = word
  end
end
return reply
