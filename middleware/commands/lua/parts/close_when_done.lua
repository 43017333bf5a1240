--- @include windows
-- Ends the open window n when its rule says so: the credits are used, or the stack is empty.
local function close_when_done(n, is_empty)
  local w = window(n)
  if not w or w[W.CLOSED_AT] then return end
  local reason = w[W.CREDITS] and w[W.CLAIMED] >= w[W.CREDITS] and 'credits' or w[W.CLOSE_WHEN_EMPTY] and is_empty and 'empty'
  if reason then
    --- @include close_window
    close_window(n, reason)
  end
end
