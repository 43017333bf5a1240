--- @include write_sorted_set
-- Where the policy orders by generation, the place of a job is when it was generated (µs), but not later than its seq: clocks
-- differ. If that place is taken, it gets the next free one above it (of P.TIES_APART, found by halves), so that of those
-- generated in the same µs the one accepted last is on top. The place also tells which jobs of its subject (a digest, '':
-- none) are older, so none of these may have it either. Returns false where the policy orders by acceptance.
local order_by
local function place_by_generation(generated, seq, subject)
  order_by = order_by or redis.call('HGET', K.policy, 'order_by') or 'accepted'
  if order_by ~= 'generated' then return false end
  write_sorted_set(K.stack) -- jobs of the same call have places too
  write_sorted_set(K.subjects)
  local place = math.max(1, math.min(generated, seq))
  while true do
    local low, high = 0, redis.call('ZCOUNT', K.stack, place, place) > 0 and P.TIES_APART or 0
    while low < high do
      local middle = math.floor((low + high) / 2)
      if redis.call('ZCOUNT', K.stack, place, place + middle) > middle then low = middle + 1 else high = middle end
    end
    place = place + low
    if place >= seq then return seq end
    local row = subject ~= '' and subject .. struct.pack('>I7', place)
    if not row or redis.call('ZLEXCOUNT', K.subjects, '[' .. row, '(' .. row .. '\255') == 0 then return place end
    place = place + 1
  end
end
