#!lua flags=allow-oom
-- Delete pull tasks whose workers have finished them. What proves a lease is the time that the task has: a worker that is
-- late can still finish it while nobody has taken the task since.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   * request task_id schedule_us: one task each. request: 8 bytes that identify who acknowledges it; schedule_us: the
--     time that the task must have
-- Returns a word for each, in order: 'acknowledged', 'expired' (it was another's), 'none', 'tombstoned'. Or 'not_pull' or
--         'no_queue' alone
-- Cost    O(k log n) for k of n tasks; k <= 100
-- Safe to repeat with the same rows: the tombstone of a named task remembers the request of its row; a task without a
--         name answers 'none'.
--@include clock
--@include deletion
--@include pull
--@include queue

local ROW = 3
local now = clock.now_us(now_us)

local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
elseif found.kind ~= 'PULL' then
  return { 'not_pull' }
end
local answers, batch = {}, deletion.batch(found, now)

local function acknowledge(request, id, schedule_us)
  local key = found.records .. id
  local state, header, raw = pull.find(found, key, now)
  if state ~= 'live' then
    return state == 'tombstoned' and header == request and 'acknowledged' or state
  elseif batch.seen[id] then
    return 'none' -- it has no name, so its record is still there
  elseif header.schedule_us ~= tonumber(schedule_us) then
    return 'expired'
  end
  deletion.add(batch, id, key, header, raw, request)
  return 'acknowledged'
end

for i = 1, #rows, ROW do
  answers[#answers + 1] = acknowledge(rows[i], rows[i + 1], rows[i + 2])
end
deletion.apply(batch)
return answers
