--- @include gather
--- @include bytes_of
--- @include put_back
-- Settles an attempt that wasn't processed, with texts that are '' where there are none.
local function settle_otherwise(id, job, outcome, us, delay, reason, result, failure, message)
  if result ~= '' then gather(hsets, K.results, id, result) end
  if failure ~= '' then
    failure = string.format('%.0f %s', now, failure)
    gather(hsets, K.failures, id, failure)
  end
  if message ~= '' then
    gather(hsets, K.messages, id, message)
    job[R.SIZE] = #message
  end
  local bytes = bytes_of(id, message, result, failure)
  if outcome == 'rejected' then
    finish(id, job, S.REJECTED, reason ~= '' and reason, us, bytes)
  elseif outcome == 'cancelled' then
    -- Why a job was called off, whoever did it says better than the task that stopped for it.
    local by = job[R.SUPERSEDED_BY]
    reason = not by and (job[R.CANCEL] or reason ~= '' and reason)
    finish(id, job, by and S.SUPERSEDED or S.CANCELLED, reason, us, bytes)
  elseif outcome == 'retry' then
    job[R.LOST] = 0
    put_back(id, job, delay, W.RETRIED, us, bytes)
  else
    put_back(id, job, 0, W.PUT_BACK, nil, bytes)
  end
end
