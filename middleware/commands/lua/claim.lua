-- Claims jobs for idle threads, as the order, the window and its credits allow.
-- ARGV: 1 now in µs or '' · 2 worker · 3 lease in µs · 4 default gate (open, closed) · 5 how many
-- Returns {word, µs until the next job falls due or -1, then id, number of the delivery, attempt, µs waited, message of each job};
-- word: open (jobs remain), empty, closed, paused, more (call again at once), and after a space the number of the window.

local worker, lease, default_gate, wanted = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
--- @include now
--- @include groups
--- @include claim

--- @insert allow_when_full
local reply = {'', 0}
reply[1] = claim(wanted, reply)
--- @insert save
return reply
