#!lua
-- Add tasks to queues of one partition.
-- KEYS
--   partition: prefix of the queues' partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   horizon_us: how far in the future a task may be scheduled
--   * queue_id task_id named request schedule_us own_retry tag meta body: one task each. named is 1 if a user chose the id;
--     request identifies the creation (8 bytes); schedule_us is empty for now; own_retry is packed or empty
-- Returns code, create time, schedule time (us) for each task, as one flat list. Codes: 'created', 'exists',
--         'tombstoned' (the name was used too recently), 'no_queue', 'too_far' (beyond the horizon)
-- Cost    O(n log m) for n tasks into queues of m; n <= 500
-- Not safe to repeat for a task without a name: it may have run in between. The caller looks it up by its request.
--@include clock
--@include due
--@include keys
--@include queue
--@include record
--@include sequence
--@include task

local ROW = 9
local now = clock.now_us(now_us)
local birth = sequence.last_fence(partition)
local touched, answers = {}, {}

local function answer(code, create_us, schedule_us)
  local n = #answers
  answers[n + 1], answers[n + 2], answers[n + 3] = code, create_us or 0, schedule_us or 0
end

local function create(found, id, named, request, wanted_us, own_retry, tag, meta, body)
  local key = keys.task(partition, found.id, id)
  local state, was = task.state(redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1), found, now)
  if state == 'live' then
    if was.request_id == request then
      return answer('created', was.create_us, was.schedule_us)
    end
    return answer('exists')
  end
  if state == 'tombstoned' and named then
    return answer('tombstoned')
  end
  local schedule_us = math.max(now, wanted_us or 0)
  if schedule_us > now + horizon_us then
    return answer('too_far')
  end
  local header = {
    generation = found.generation, request_id = request, birth = birth, create_us = now,
    expiry_us = now + found.task_ttl_us, schedule_us = schedule_us, responses = 0, answers = 0, ended = 0,
    last_status = 0, flags = 0, fence = birth, dispatches = 0, first_dispatch_us = 0, last_schedule_us = 0,
    last_dispatch_us = 0, last_response_us = 0,
  }
  record.set(header, record.NAMED, named)
  record.set(header, record.OWN_RETRY, own_retry ~= '')
  redis.call('SET', key, record.new(header, own_retry, tag, meta, body))
  redis.call('ZADD', found.eta, math.min(schedule_us, header.expiry_us), id)
  return answer('created', now, schedule_us)
end

for i = 1, #rows, ROW do
  local id = rows[i]
  if touched[id] == nil then
    touched[id] = queue.read(partition, id, now) or false
  end
  if touched[id] then
    create(touched[id], rows[i + 1], rows[i + 2] == '1', rows[i + 3], tonumber(rows[i + 4]), rows[i + 5], rows[i + 6],
      rows[i + 7], rows[i + 8])
  else
    answer('no_queue')
  end
end
for _, found in pairs(touched) do
  if found then
    due.refresh(partition, found, now)
  end
end
return answers
