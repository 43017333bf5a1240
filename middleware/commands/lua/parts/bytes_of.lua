-- About how many bytes a finished job takes: its texts, and what a record and two indexes cost. Texts that are given
-- aren't written yet ('': there is none but what is kept).
local function bytes_of(id, message, result, failure)
  local function length(key, text)
    return text and text ~= '' and #text or redis.call('HSTRLEN', key, id)
  end
  return P.OVERHEAD_BYTES + length(K.messages, message) + length(K.results, result) + length(K.failures, failure)
end
