#!lua flags=allow-oom
-- Delete a queue with all its tasks. Its name stays taken for a while; the janitor frees the memory later.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   name: full queue name
--   request: 8 bytes that identify this request
--   tombstone_us: how long the name cannot be used again
-- Returns 'deleted' or 'missing'
-- Cost    O(log q), whatever the number of tasks
-- Safe to repeat: the tombstone remembers the request.
--@include clock
--@include keys
--@include queue
--@include record
--@include removal

local now = clock.now_us(now_us)

local tombstone = keys.queue_tombstone(partition, name)
local id = queue.id_of(partition, name)
if not id then
  local _, remover = record.parse_tombstone(redis.call('GET', tombstone))
  return remover == request and 'deleted' or 'missing'
end

removal.delete_queue(partition, id, name, now)
if tonumber(tombstone_us) > 0 then
  redis.call('SET', tombstone, record.tombstone(now + tombstone_us, request),
    'PX', math.ceil(tombstone_us / 1000))
  redis.call('ZADD', keys.queue_tombstones(partition), now + tombstone_us, name)
end
return 'deleted'
