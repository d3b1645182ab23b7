#!lua flags=allow-oom
-- What a worker has to say of the tasks it holds, many at once: one is finished and is deleted, the lease of another is
-- renewed or ended. What proves a lease is the time that the task has, or that the same holder settled it last; a worker
-- that is late is heard as long as nobody has taken the task since. Counts nothing.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   holder: a number that identifies the worker
--   request_id: 8 bytes that identify this call
--   * task_id schedule_us lease_us: one task each: the time it must have; the new lease's length, empty to delete it
-- Returns for each task, in order: its new time (us); 0 if it is gone, deleted by now; -1 if another has it. Or 'no_queue'
-- Cost    O(n log m) for n tasks of m; n <= 1000
-- Safe to repeat: records remember the holder, whose leases begin anew; what is gone stays so.
--@include clock
--@include deletion
--@include keys
--@include pull
--@include queue
--@include tags

local ROW = 3
local GONE, LOST = 0, -1
local now = clock.now_us(now_us)
local found = queue.read(partition, queue_id, now)
if not found or found.kind ~= 'PULL' then
  return 'no_queue'
end
local answers, moves, deleted = {}, pull.moves(found), deletion.batch(found, now)

local function settle(id, schedule_us, lease_us)
  local key = keys.task(partition, queue_id, id)
  local state, header, raw = pull.find(found, key, now)
  if state ~= 'live' or deleted.seen[id] then
    return GONE
  end
  if header.schedule_us ~= tonumber(schedule_us) and header.fence ~= tonumber(holder) then
    return LOST
  end
  if lease_us == '' then
    deletion.add(deleted, id, key, header, raw, request_id)
    return GONE
  end
  local lease_end = now + tonumber(lease_us)
  pull.change_lease(key, raw, tonumber(holder), lease_end)
  pull.note_move(moves, id, header, tags.of(key, header, raw), lease_end)
  return lease_end
end

for i = 1, #rows, ROW do
  answers[#answers + 1] = settle(rows[i], rows[i + 1], rows[i + 2])
end
pull.move(moves)
deletion.apply(deleted) -- after the moves: what was renewed first and then deleted is gone
return answers
