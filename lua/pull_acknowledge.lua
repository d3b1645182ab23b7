#!lua flags=allow-oom
-- Delete a pull task whose worker has finished it. What proves the lease is the time that the task has: a worker that is
-- late can still finish it while nobody has taken the task since.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   request: 8 bytes that identify this call
--   task_id: the task's id
--   schedule_us: the time that the task must have
-- Returns one word: 'acknowledged', 'expired' (it was another's), 'none', 'tombstoned', 'not_pull', 'no_queue'
-- Cost    O(log n) for n tasks
-- Safe to repeat: the tombstone of a named task remembers the request; a task without a name answers 'none'.
--@include clock
--@include keys
--@include pull
--@include queue

local now = clock.now_us(now_us)

local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
elseif found.kind ~= 'PULL' then
  return { 'not_pull' }
end
local key = keys.task(partition, queue_id, task_id)
local state, header, raw = pull.find(found, key, now)
if state ~= 'live' then
  return { state == 'tombstoned' and header == request and 'acknowledged' or state }
end
if header.schedule_us ~= tonumber(schedule_us) then
  return { 'expired' }
end
pull.remove(found, task_id, key, header, raw, now, request)
return { 'acknowledged' }
