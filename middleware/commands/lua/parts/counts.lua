--- @state
-- What a call counts, kept by save.lua in K.pending_counts: {now, counts of the queue by name, then moves of jobs}. Moves
-- of one kind in a row are {task, state before, state after, how many, then µs that each of them had waited or run}.
local queue_counts = {}
local counted = {now, queue_counts}

local function count(name, by)
  queue_counts[name] = (queue_counts[name] or 0) + (by or 1)
end
