-- Maintenance: puts due jobs on the stack, at most P.PROMOTED_AT_ONCE a call, and wakes a consumer for them.
-- ARGV: 1 now in µs or '' · 2 default gate
-- Returns µs until the next job falls due, or -1; 0: call again.

local default_gate = ARGV[2]
--- @include now
--- @include groups
--- @include windows
--- @include promote_due
--- @include until_due

--- @insert allow_when_full
promote_due()
--- @insert ring
--- @insert save
return until_due()
