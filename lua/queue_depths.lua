#!lua flags=no-writes
-- Count tasks and running attempts of a partition's queues, in order of their names.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   limit: most queues to count, at most 1000
-- Returns name, tasks, attempts in flight, for each queue, as one flat list
-- Cost    O(limit)
--@include keys
--@include queue

local depths = {}
for _, name in ipairs(redis.call('ZRANGE', keys.queue_names(partition), 0, limit - 1)) do
  local id = queue.id_of(partition, name)
  local generation = redis.call('HGET', keys.config(partition, id), 'generation')
  depths[#depths + 1] = name
  depths[#depths + 1] = redis.call('ZCARD', keys.eta(partition, id, generation))
  depths[#depths + 1] = redis.call('ZCARD', keys.leases(partition, id))
end
return depths
