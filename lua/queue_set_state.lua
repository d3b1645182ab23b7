#!lua flags=allow-oom
-- Pause, resume or disable a queue. A DISABLED queue stays so until it is resumed.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   name: full queue name
--   state: RUNNING, PAUSED or DISABLED
-- Returns the queue's id and its hash as a flat list of fields and values, or nothing
-- Cost    O(log n) for n tasks
-- Safe to repeat: a second call sets what is set.
--@include clock
--@include due
--@include keys
--@include queue

local now = clock.now_us(now_us)

local id = queue.id_of(partition, name)
if not id then
  return {}
end
local config = keys.config(partition, id)
local found = queue.read(partition, id, now)
if not (state == 'PAUSED' and found.state == 'DISABLED') then
  redis.call('HSET', config, 'state', state)
  redis.call('HDEL', config, 'dispatched_us') -- a resumed queue begins slowly, where slow starts are on
  found.state = state
end
due.refresh(partition, found, now)
return { id, redis.call('HGETALL', config) }
