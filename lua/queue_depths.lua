#!lua flags=no-writes
-- Count tasks and running attempts of a partition's queues, in order of their names, with the rate in force and
-- how long each has been due without a claim.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   limit: most queues to count, at most 1000
-- Returns name, tasks, attempts in flight, dispatches a second (as text), us since it could dispatch (0 if it cannot
--   now) for each queue, as one flat list
-- Cost    O(limit log n) for n due queues, or n attempts of a queue
--@include clock
--@include keys
--@include number
--@include queue

local now = clock.now_us(now_us)

local running = '(' .. number.text(now) -- leases that are over are there until a claim passes
local depths = {}
for _, name in ipairs(redis.call('ZRANGE', keys.queue_names(partition), 0, limit - 1)) do
  local found = queue.read(partition, queue.id_of(partition, name), now)
  depths[#depths + 1] = name
  depths[#depths + 1] = redis.call('ZCARD', found.eta)
  depths[#depths + 1] = redis.call('ZCOUNT', found.leases, running, '+inf')
  depths[#depths + 1] = string.format('%.9g', found.rate)
  local due_us = redis.call('ZSCORE', keys.due(partition), found.id)
  depths[#depths + 1] = due_us and math.max(0, now - tonumber(due_us)) or 0
end
return depths
