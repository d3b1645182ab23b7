#!lua flags=allow-oom
-- Delete a task, scheduled or in flight. A running attempt goes on; its result changes nothing.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   task_id: the task's id
--   request: 8 bytes that identify this request
-- Returns 'deleted', 'tombstoned' (it is gone already, but was there recently), 'none', or 'no_queue'
-- Cost    O(log n) for n tasks
-- Safe to repeat: the tombstone of a named task remembers the request; a task without a name answers 'none'.
--@include clock
--@include due
--@include keys
--@include queue
--@include record
--@include task

local now = clock.now_us(now_us)

local found = queue.read(partition, queue_id, now)
if not found then
  return 'no_queue'
end
local key = keys.task(partition, queue_id, task_id)
local state, header = task.state(redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1), found, now)
if state ~= 'live' then
  return state == 'tombstoned' and header == request and 'deleted' or state
end
task.remove(key, task_id, header, found, now, request)
due.refresh(partition, found, now)
return 'deleted'
