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
--         'no_queue' alone. Of a task that is given twice the first is deleted
-- Cost    O(k log n) for k of n tasks; k <= 500
-- Safe to repeat with the same tasks: the tombstone of a named task remembers the request; one without a name answers
--         'none'.
--@include clock
--@include deletion
--@include due
--@include glance
--@include keys
--@include queue
--@include record
--@include task

local now = clock.now_us(now_us)
local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
end
local answers, batch = {}, deletion.batch(found, now)

local function delete(id)
  local key = keys.task(partition, queue_id, id)
  local raw = redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  local header, seen = glance.header(raw), batch.seen[id]
  if header and record.is_live(header, found.generation, now) then
    if seen then
      return 'none' -- it has no name, so its record is still there
    end
    deletion.add(batch, id, key, header, raw, request)
    return 'deleted'
  end
  local state, removed_by = task.state(raw, found, now)
  batch.seen[id] = true
  return state == 'tombstoned' and removed_by == request and not seen and 'deleted' or state
end

for i, id in ipairs(rows) do
  answers[i] = delete(id)
end
deletion.apply(batch)
due.refresh(partition, found, now)
return answers
