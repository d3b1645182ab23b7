#!lua flags=allow-oom
-- Delete tasks of a queue, scheduled, leased or in flight. A running attempt goes on; its result changes nothing.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   request: 8 bytes that identify this request
--   * task_id: one task each
-- Returns 'deleted', 'tombstoned' (it is gone already, but was there recently) or 'none' for each task, in order; or
--         'no_queue' alone
-- Cost    O(k log n) for k of n tasks; k <= 500
-- Safe to repeat: the tombstone of a named task remembers the request; a task without a name answers 'none'.
--@include clock
--@include due
--@include keys
--@include queue
--@include record
--@include tags
--@include task

local now = clock.now_us(now_us)
local found = queue.read(partition, queue_id, now)
local answers, deleted = {}, {}

local function delete(id)
  local key = keys.task(partition, queue_id, id)
  local raw = redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  local state, header = task.state(raw, found, now)
  if state ~= 'live' then
    local again = state == 'tombstoned' and header == request and not deleted[id]
    return again and 'deleted' or state
  end
  tags.forget(partition, queue_id, id, key, header, raw)
  task.remove(key, id, header, found, now, request)
  deleted[id] = true
  return 'deleted'
end

if not found then
  return { 'no_queue' }
end
for i, id in ipairs(rows) do
  answers[i] = delete(id)
end
due.refresh(partition, found, now)
return answers
