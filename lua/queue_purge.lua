#!lua flags=allow-oom
-- Delete every task of a queue at once, by switching its generation. The janitor frees the memory later.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   name: full queue name
--   request: 8 bytes that identify this request
-- Returns the queue's id and its hash as a flat list of fields and values, or nothing
-- Cost    O(log q), whatever the number of tasks
-- Safe to repeat: the queue remembers its last request.
--@include clock
--@include due
--@include keys
--@include number
--@include queue
--@include sequence

local now = clock.now_us(now_us)

local id = queue.id_of(partition, name)
if not id then
  return {}
end
local config = keys.config(partition, id)
if redis.call('HGET', config, 'last_request') ~= request then
  local old = queue.read(partition, id, now)
  redis.call('ZADD', keys.garbage(partition), now, id .. ':' .. number.text(old.generation))
  redis.call('HSET', config, 'generation', sequence.next_id(partition), 'purge_us', now,
    'last_request', request)
  due.refresh(partition, queue.read(partition, id, now), now)
end
return { id, redis.call('HGETALL', config) }
