#!lua flags=allow-oom
-- Renew the lease of a pull task, or end it: its time becomes now and so much more. What proves the lease is the time
-- that the task has, so the old proof is dead at once. Counts nothing.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   request: a number that identifies this call
--   require_running: 1 if a queue that is paused or disabled is to refuse
--   task_id: the task's id
--   schedule_us: the time that the task must have, empty for any
--   lease_us: length of the new lease, 0 to end it
--   late_ok: 1 if a lease that is over can be renewed while nobody has taken the task since
--   full: 1 to answer with the body, 0 without
-- Returns 'renewed' and the record; 'expired' (it is over, or was another's), 'none', 'tombstoned', 'paused', 'not_pull',
--         'no_queue'
-- Cost    O(log n) for n tasks
-- Safe to repeat: the record remembers the request.
--@include clock
--@include keys
--@include pull
--@include queue
--@include tags

local now = clock.now_us(now_us)

local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
elseif found.kind ~= 'PULL' then
  return { 'not_pull' }
elseif require_running == '1' and found.state ~= 'RUNNING' then
  return { 'paused' }
end
local key = keys.task(partition, queue_id, task_id)
local state, header, raw = pull.find(found, key, now)
if state ~= 'live' then
  return { state }
end
if header.fence ~= tonumber(request) then
  local is_proven = schedule_us == '' or header.schedule_us == tonumber(schedule_us)
  if not is_proven or (late_ok ~= '1' and header.schedule_us < now) then
    return { 'expired' }
  end
  local lease_end, moves = now + tonumber(lease_us), pull.moves(found)
  pull.change_lease(key, raw, tonumber(request), lease_end)
  pull.note_move(moves, task_id, header, tags.of(key, header, raw), lease_end)
  pull.move(moves)
end
local last = full == '1' and -1 or header.length + header.tag_bytes + header.meta_bytes - 1
return { 'renewed', redis.call('GETRANGE', key, 0, last) }
