--- @include walk_constants
--- @include tag_rows
-- What a job must fulfil beside its place in the rows that are read: a list of {texts, holds}. One of the texts stands in
-- the packed record of each job for which holds(job) is true. To unpack a record takes ten times as long as to miss some
-- bytes in it.
local function conditions_of(wanted, is_by_tag)
  local conditions = {}

  local function one_of(values, field)
    local texts, is_wanted = {}, {}
    for i, value in ipairs(values) do texts[i], is_wanted[value] = cmsgpack.pack(value), true end
    conditions[#conditions + 1] = {texts = texts, holds = function(job) return is_wanted[job[field]] end}
  end

  if wanted.tasks then one_of(wanted.tasks, R.TASK) end
  if wanted.window then one_of({wanted.window}, R.WINDOW) end
  if wanted.tags and is_by_tag then
    local letters = {}
    for _, name in ipairs(wanted.indexes) do letters[#letters + 1] = INDEX_LETTERS[name] end
    if #letters < P.STATES then one_of(letters, R.STATUS) end
  elseif wanted.tags then
    local digests, is_wanted = digests_of(wanted), {}
    for _, digest in ipairs(digests) do is_wanted[digest] = true end
    conditions[#conditions + 1] = {texts = digests, holds = function(job)
      for at = 1, #(job[R.TAGS] or ''), P.TAG_LENGTH do
        if is_wanted[string.sub(job[R.TAGS], at, at + P.TAG_LENGTH - 1)] then return true end
      end
    end}
  end
  return conditions
end

local function has_one_of(packed, texts)
  for _, text in ipairs(texts) do
    if string.find(packed, text, 1, true) then return true end
  end
  return false
end

local function fits(packed, conditions)
  if not packed then return false end
  for _, condition in ipairs(conditions) do
    if not has_one_of(packed, condition.texts) then return false end
  end
  if #conditions == 0 then return true end
  local job = cmsgpack.unpack(packed)
  for _, condition in ipairs(conditions) do
    if not condition.holds(job) then return false end
  end
  return true
end
