#!lua
-- Create a queue with a full token bucket.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   name: full queue name
--   request: 8 bytes that identify this request
--   * field value: the configuration, as hash fields
-- Returns 'created', 'exists', or 'tombstoned' (a queue of this name was deleted too recently)
-- Cost    O(log q) for q queues of the partition
-- Safe to repeat: the same request finds its own queue and answers 'created'.
--@include clock
--@include keys
--@include number
--@include queue
--@include record
--@include sequence

local now = clock.now_us(now_us)

local existing = queue.id_of(partition, name)
if existing then
  local maker = redis.call('HGET', keys.config(partition, existing), 'last_request')
  return maker == request and 'created' or 'exists'
end
local expiry_us = record.parse_tombstone(redis.call('GET', keys.queue_tombstone(partition, name)))
if expiry_us and now < expiry_us then
  return 'tombstoned'
end

local id = number.text(sequence.next_id(partition))
local config = keys.config(partition, id)
redis.call('HSET', config, unpack(rows))
redis.call('HSET', config, 'name', name, 'version', 1, 'last_request', request,
  'generation', sequence.next_id(partition),
  'tokens', redis.call('HGET', config, 'burst'), 'refilled_us', now)
redis.call('HSET', keys.queue_ids(partition), name, id)
redis.call('ZADD', keys.queue_names(partition), 0, name)
redis.call('DEL', keys.queue_tombstone(partition, name))
redis.call('ZREM', keys.queue_tombstones(partition), name)
return 'created'
