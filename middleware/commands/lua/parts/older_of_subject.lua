--- @include subject_row
--- @include load_all
-- What is older than a job of its subject: {id, record} of each one that waits and is superseded by it, and of each that runs. Once
-- newer ones have superseded older ones for `max_defer` µs (0: no bound), the one that waits then isn't among them: it stays
-- beside the newest. Also returns since when they have, or false, and whether one stays.
local function older_of_subject(job, max_defer)
  local ids, waiting, running, is_behind = {}, {}, {}, false
  for i, row in ipairs(redis.call('ZRANGEBYLEX', K.subjects, '[' .. job[R.SUBJECT], '(' .. subject_row(job))) do
    ids[i] = row:sub(P.TAG_LENGTH + 8)
  end
  for i, other in ipairs(#ids > 0 and load_all(ids) or {}) do
    local status = other and other[R.STATUS]
    if status == S.QUEUED or status == S.SCHEDULED then
      waiting[#waiting + 1] = {ids[i], other}
      is_behind = is_behind or (#waiting > 1 and other[R.BEHIND])
    elseif status == S.RUNNING then
      running[#running + 1] = {ids[i], other}
    end
  end
  local first = waiting[is_behind and 2 or 1]
  local since = first and (first[2][R.SINCE] or first[2][R.SEQ]) or false
  if first and max_defer > 0 and not is_behind and now - since >= max_defer then is_behind, since = true, now end
  if is_behind then table.remove(waiting, 1) end
  return waiting, running, since, is_behind
end
