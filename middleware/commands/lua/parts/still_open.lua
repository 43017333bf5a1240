--- @include windows
-- Window n while it is open, else nil; one whose time is up is closed here.
local function still_open(n)
  local w = n > 0 and window(n)
  if not w then return nil end
  if w[W.CLOSES_AT] and w[W.CLOSES_AT] <= now then
    --- @include close_window
    close_window(n, 'time')
    return nil
  end
  return w
end
