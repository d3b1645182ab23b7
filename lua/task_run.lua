#!lua flags=allow-oom
-- Force an attempt now, whatever the queue's state, tokens and slots, and even beside a running one. Does the attempt's
-- bookkeeping; the next claim of the partition hands it out.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   task_id: the task's id
--   request: 8 bytes that identify this request
--   full: 1 to answer with the body, 0 without
-- Returns 'live' and the record after the bookkeeping; 'tombstoned', 'none', 'no_queue', or 'pull' (a pull task has no
--         attempts)
-- Cost    O(log r) for r forced attempts that wait; beside a first attempt also O(n) for the n tasks of its claim
-- Safe to repeat: the queue remembers its last request.
--@include clock
--@include first_attempt
--@include keys
--@include number
--@include queue
--@include record
--@include sequence
--@include task

local now = clock.now_us(now_us)

local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
end
local key = keys.task(partition, queue_id, task_id)
local state, header = task.state(redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1), found, now)
if state ~= 'live' then
  return { state }
elseif record.is_pull(header) then
  return { 'pull' }
end

local config = keys.config(partition, queue_id)
if redis.call('HGET', config, 'last_request') ~= request then
  first_attempt.complete(found, task_id, header, redis.call('ZSCORE', found.eta, task_id))
  local fence = sequence.next_fence(partition, now)
  record.begin_attempt(header, fence, now)
  record.set(header, record.FORCED, true)
  record.update(key, header)
  redis.call('HSET', config, 'last_request', request)
  redis.call('ZADD', keys.run(partition), now, queue_id .. ':' .. number.text(fence) .. ':' .. task_id)
  redis.call('SPUBLISH', keys.wake_channel(partition), now)
end
local last = full == '1' and -1 or header.length + header.tag_bytes + header.meta_bytes - 1
return { state, redis.call('GETRANGE', key, 0, last) }
