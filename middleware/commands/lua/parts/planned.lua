-- The tick in ms at which the next window opens, as it was noted; '' when none is planned, or it passed so long ago that
-- no scheduler can be at work.
local function planned(tick)
  return tick and tonumber(tick) * 1000 > now - P.OVERDUE_US and tick or ''
end
