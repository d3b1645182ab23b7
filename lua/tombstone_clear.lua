#!lua flags=allow-oom
-- Free the names of some of a project's deleted queues.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   prefix: what the names of the project's queues begin with, projects/P/
--   cursor: where the round goes on, 0 to begin
--   limit: about how many names to look at, at most 1000
-- Returns the number of names freed, and the next cursor, 0 at the round's end
-- Cost    O(limit)
-- Safe to repeat: a round finds every name that was taken all the time.
--@include keys

local index = keys.queue_tombstones(partition)
local found = redis.call('ZSCAN', index, cursor, 'MATCH', prefix .. '*', 'COUNT', limit)
local freed = 0
for i = 1, #found[2], 2 do
  redis.call('DEL', keys.queue_tombstone(partition, found[2][i]))
  redis.call('ZREM', index, found[2][i])
  freed = freed + 1
end
return { freed, found[1] }
