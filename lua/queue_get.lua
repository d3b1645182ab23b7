#!lua flags=no-writes
-- Read a queue's configuration.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   name: full queue name
-- Returns the queue's id and its hash as a flat list of fields and values, or nothing
-- Cost    O(1)
--@include keys
--@include queue

local id = queue.id_of(partition, name)
return id and { id, redis.call('HGETALL', keys.config(partition, id)) } or {}
