-- Deadlines: K.deadlines has those of the jobs that wait, and K.due the next one under '', so that whoever sleeps until the
-- next job falls due wakes for it too, and a claim looks for both at once. It may be too early: that job runs, or has ended.
-- Notes the deadline of a job that waits again.
local function watch_deadline(id, deadline)
  --- @insert allow_when_full
  redis.call('ZADD', K.deadlines, deadline, id)
  redis.call('ZADD', K.due, 'LT', deadline, '')
end
