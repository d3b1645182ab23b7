#!lua flags=allow-oom
-- Replace a queue's IAM policy, if it is still the one that the caller has read. The policy goes with its queue.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   name: full queue name
--   request: 8 bytes that identify this request, and the new policy's etag
--   expected: etag of the policy that the change was made from; empty to replace any
--   unset: the etag that a queue without a policy has
--   policy: the new policy, opaque
-- Returns 'set', 'missing', or 'conflict' with the etag in force
-- Cost    O(1)
-- Safe to repeat: the queue's etag is that of its last request.
--@include keys
--@include queue

local id = queue.id_of(partition, name)
if not id then
  return { 'missing' }
end
local config = keys.config(partition, id)
local etag = redis.call('HGET', config, 'policy_etag') or unset
if etag == request then
  return { 'set' }
end
if expected ~= '' and expected ~= etag then
  return { 'conflict', etag }
end
redis.call('HSET', config, 'policy', policy, 'policy_etag', request)
return { 'set' }
