#!lua flags=allow-oom
-- Give back attempts that were never sent: count, slot and token return, the task is due again at once.
-- Of the token is lost what has flowed in since it was taken: a full bucket would have run over with it.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   * queue_id task_id fence attempt: one attempt each; attempt is the part of the record that the claim changed, as
--     the claim had returned it, or empty if that is not known
-- Returns 1 (released) or 0 (it was not this dispatcher's any more) for each attempt, in order
-- Cost    O(n log m) for n attempts in queues of m; n <= 1000
-- Safe to repeat: a second call finds no lease.
--@include bucket
--@include clock
--@include due
--@include first_attempt
--@include keys
--@include lease
--@include queue
--@include record

local ROW = 4
local now = clock.now_us(now_us)
local queues, answers = {}, {}

local function return_token(found, taken_us)
  local lost = bucket.refilled(0, taken_us, found.full_rate, 1, now)
  found.tokens = math.min(found.burst, found.tokens + 1 - lost)
end

local function give_back(found, id, fence, attempt)
  local key = found.records .. id
  local header = record.read(key)
  if not header or not record.has_attempt(header, fence, found.generation, now) then
    return
  end
  local is_written = header.dispatches > 0 -- asked before the header is completed: what is not written need not be undone
  first_attempt.recall(header, tonumber(fence))
  if header.fence ~= tonumber(fence) then
    return
  end
  if record.has(header, record.FORCED) then
    redis.call('ZADD', keys.run(partition), now, found.id .. ':' .. fence .. ':' .. id)
    return
  end
  return_token(found, header.last_dispatch_us)
  if is_written and attempt ~= '' then
    redis.call('SETRANGE', key, record.ATTEMPT_OFFSET, attempt)
  elseif is_written then
    header.dispatches = header.dispatches - 1
    if header.dispatches == 0 then
      header.first_dispatch_us, header.last_schedule_us, header.last_dispatch_us = 0, 0, 0
    end
    record.set(header, record.LEASED, false)
    record.update(key, header)
  end
  redis.call('ZADD', found.eta, math.min(math.max(now, header.schedule_us), header.expiry_us), id)
end

for i = 1, #rows, ROW do
  local queue_id, id, fence = rows[i], rows[i + 1], rows[i + 2]
  if queues[queue_id] == nil then
    queues[queue_id] = queue.read(partition, queue_id, now) or false
  end
  local held = lease.drop(keys.leases(partition, queue_id), id, fence)
  if held and queues[queue_id] then
    give_back(queues[queue_id], id, fence, rows[i + 3])
  end
  answers[#answers + 1] = held and 1 or 0
end
for _, found in pairs(queues) do
  if found then
    queue.save_tokens(partition, found)
    due.refresh(partition, found, now)
  end
end
return answers
