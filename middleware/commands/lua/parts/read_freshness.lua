-- How old the newest processed job of each subject is, counted from its acceptance (or generation, age_of.lua): {how many subjects, µs of age that half of
-- them don't exceed, 90 %, 99 %, all, then how many are within each of P.FRESH_BOUNDS_US}; false where there are none.
local function read_freshness()
  local subjects = redis.call('ZCARD', K.freshness)
  if subjects == 0 then return false end
  local found = {subjects}
  for _, percent in ipairs({50, 90, 99, 100}) do
    local rank = math.ceil(subjects * percent / 100) - 1
    local seq = redis.call('ZREVRANGE', K.freshness, rank, rank, 'WITHSCORES')[2]
    found[#found + 1] = math.max(0, now - seq)
  end
  for _, bound in ipairs(P.FRESH_BOUNDS_US) do
    found[#found + 1] = redis.call('ZCOUNT', K.freshness, string.format('%.0f', now - bound), '+inf')
  end
  return found
end
