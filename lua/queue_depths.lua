#!lua flags=no-writes
-- Count tasks and running attempts of a partition's queues, in order of their names, with the rate in force.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   limit: most queues to count, at most 1000
-- Returns name, tasks, attempts in flight, dispatches a second (as text) for each queue, as one flat list
-- Cost    O(limit)
--@include clock
--@include keys
--@include queue

local now = clock.now_us(now_us)

local depths = {}
for _, name in ipairs(redis.call('ZRANGE', keys.queue_names(partition), 0, limit - 1)) do
  local found = queue.read(partition, queue.id_of(partition, name), now)
  depths[#depths + 1] = name
  depths[#depths + 1] = redis.call('ZCARD', found.eta)
  depths[#depths + 1] = redis.call('ZCARD', found.leases)
  depths[#depths + 1] = string.format('%.9g', found.rate)
end
return depths
