#!lua flags=allow-oom
-- Forget what some of a project's batch calls answered, so that their request ids can be used anew.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   prefix: what the names of the project's operations begin with, projects/P/
--   cursor: where the round goes on, 0 to begin
--   limit: about how many operations to look at, at most 1000
-- Returns the number of operations forgotten, and the next cursor, 0 at the round's end
-- Cost    O(limit)
-- Safe to repeat: a round finds every operation that was kept all the time.
--@include keys

local index = keys.operations(partition)
local found = redis.call('ZSCAN', index, cursor, 'MATCH', prefix .. '*', 'COUNT', limit)
for i = 1, #found[2], 2 do
  redis.call('DEL', keys.operation(partition, found[2][i]))
  redis.call('ZREM', index, found[2][i])
end
return { #found[2] / 2, found[1] }
