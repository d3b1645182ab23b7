#!lua flags=allow-oom
-- Replace a queue's configuration if it is still the version the caller has read. Holds at once.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   name: full queue name
--   request: 8 bytes that identify this request
--   version: the version the change was made from
--   * field value: the new configuration, as hash fields
-- Returns 'updated', 'conflict' (another version is in force), or 'missing'
-- Cost    O(log n) for n tasks
-- Safe to repeat: the queue remembers its last request.
--@include clock
--@include due
--@include keys
--@include queue

local now = clock.now_us(now_us)

local id = queue.id_of(partition, name)
if not id then
  return 'missing'
end
local config = keys.config(partition, id)
if redis.call('HGET', config, 'last_request') == request then
  return 'updated'
end
local before = queue.read(partition, id, now)
if before.version ~= tonumber(version) then
  return 'conflict'
end

redis.call('HSET', config, unpack(rows))
redis.call('HSET', config, 'version', before.version + 1, 'last_request', request)
-- What the old rate has earned stays, as far as the new bucket can hold it.
local found = queue.read(partition, id, now)
found.tokens = math.min(before.tokens, found.burst)
queue.save_tokens(partition, found)
due.refresh(partition, found, now)
return 'updated'
