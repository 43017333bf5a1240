-- include: record stack windows order claim
-- Claims jobs for idle threads, as the order, the window and its credits allow.
-- ARGV: 1 now in µs or '' · 2 worker · 3 lease in µs · 4 unruled word (open, closed) · 5 how many
-- Returns {word, µs until the next job falls due or -1, then id, number of the delivery, attempt, message of each job};
-- word: open (jobs remain), empty, closed, paused, more (call again at once), and after a space the number of the window.

allow_when_full()
local now = clock(ARGV[1])
local reply = {'', 0}
reply[1] = claim(tonumber(ARGV[5]), now, ARGV[2], tonumber(ARGV[3]), ARGV[4], reply)
save_records()
save_windows()
return reply
