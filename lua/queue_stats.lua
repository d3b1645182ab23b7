#!lua flags=no-writes
-- Count the tasks and running attempts of a queue, with the time of its first task and the rate in force.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   name: full queue name
-- Returns tasks, the first task's time (us, as text; '' if there is none), attempts in flight, dispatches a second (as
--         text), executed in the last minute, in the last hour, seconds of counting; nothing if there is no such queue
-- Cost    O(log n) for n running attempts
--@include clock
--@include number
--@include queue
--@include statistics

local now = clock.now_us(now_us)

local id = queue.id_of(partition, name)
if not id then
  return {}
end
local found = queue.read(partition, id, now)
local last_minute, last_hour, counted_s = statistics.read(partition, id, now)
local head = redis.call('ZRANGE', found.eta, 0, 0, 'WITHSCORES')
return {
  redis.call('ZCARD', found.eta), head[2] and number.text(tonumber(head[2])) or '',
  redis.call('ZCOUNT', found.leases, '(' .. number.text(now), '+inf'), string.format('%.9g', found.rate),
  last_minute, last_hour, counted_s,
}
