#!lua flags=no-writes
-- Read a task.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   task_id: the task's id
--   full: 1 with the body, 0 without
-- Returns 'live' and the record; 'tombstoned' or 'none' and the request that removed it; 'no_queue'
-- Cost    O(size of what is returned); while the first attempt runs also O(n) for the n tasks of its claim
--@include clock
--@include first_attempt
--@include keys
--@include queue
--@include record
--@include task

local now = clock.now_us(now_us)

local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
end
local key = keys.task(partition, queue_id, task_id)
local raw = full == '1' and redis.call('GET', key) or redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
local state, header = task.state(raw, found, now)
if state ~= 'live' then
  return { state, header }
end
if full ~= '1' then
  raw = redis.call('GETRANGE', key, 0, header.length + header.tag_bytes + header.meta_bytes - 1)
end
return { state, first_attempt.shown(found, task_id, header, raw, redis.call('ZSCORE', found.eta, task_id)) }
