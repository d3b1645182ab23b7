#!lua flags=allow-oom
-- Keep what a batch call answered, unless an answer is kept under the name already.
-- KEYS
--   partition: prefix of the operation's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   operation: the operation's name
--   content: the answer, opaque here
--   ttl_s: how long it is kept (seconds, at least 1)
-- Returns the content that is kept: the first one
-- Cost    O(log n) for n operations of the partition
-- Safe to repeat: the first content stays, and so does its end.
--@include clock
--@include keys

local key = keys.operation(partition, operation)
local kept = redis.call('GET', key)
if kept then
  return kept
end
redis.call('SET', key, content, 'EX', ttl_s)
redis.call('ZADD', keys.operations(partition), clock.now_us(now_us) + ttl_s * 1000000, operation)
return content
