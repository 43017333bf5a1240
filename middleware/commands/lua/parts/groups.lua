--- @include writes
--- @state
-- Groups (docs/groups.md). Where the policy shares by group, or bounds how many of a group run, the jobs on the stack are in
-- K.grouped too; K.group_tops and K.group_bottoms have the groups of which one may be claimed, and K.full_groups those at their
-- bound. Whoever changes anything of a group puts it into `touched`, or into `freed` if one of its jobs runs no more, and
-- place_touched.lua looks at them before the next claim.
-- `grouping` of K.policy: false: claims don't go by groups; on; or a cursor: the index is being made (index_groups.lua).
local touched, freed, grouping_word, group_rule = {}, {}, nil, nil
local function grouping()
  if grouping_word == nil then grouping_word = redis.call('HGET', K.policy, 'grouping') end
  return grouping_word
end
