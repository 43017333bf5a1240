-- How the waiting jobs of a queue lie on its stack: how many in each span of ages, and how far a number of claims reaches.
-- ARGV: 1 now in µs or '' · 2, 3 how many jobs, counted from the top and from the bottom · 4… ages in µs, rising
-- Returns {now in µs, how many wait, the place of the last job from the top and from the bottom (false: there are none, or
-- it would be all), then how many are younger than the first age, …, and not younger than the last}.

local from_top, from_bottom = tonumber(ARGV[2]), tonumber(ARGV[3])
--- @include now

local waiting = redis.call('ZCARD', K.stack)
local function place_at(command, n)
  if n < 1 or n >= waiting then return false end
  return tonumber(redis.call(command, K.stack, n - 1, n - 1, 'WITHSCORES')[2])
end

local reply = {now, waiting, place_at('ZREVRANGE', from_top), place_at('ZRANGE', from_bottom)}
local above = '+inf'
for i = 4, #ARGV do
  local age = tonumber(ARGV[i])
  reply[#reply + 1] = redis.call('ZCOUNT', K.stack, string.format('(%.0f', now - age), above)
  above = string.format('%.0f', now - age)
end
reply[#reply + 1] = redis.call('ZCOUNT', K.stack, '-inf', above)
return reply
