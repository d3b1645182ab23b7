-- The due tasks that a claim leases, shared among the due queues of the partition.
--@include attempt
--@include claim_answer
--@include claim_batch
--@include due
--@include keys
--@include lease
--@include number
--@include queue
--@include record
--@include sequence
--@include task
local claim_due = {}

local MOST_QUEUES, NO_LIMIT = 100, 1000
local FEW_QUEUES, WORTH_A_QUEUE = 8, 4

-- What stands in place of a live task: a damaged, dead or missing record.
local function drop(batch, found, key, id, raw)
  batch.dropped = batch.dropped + 1
  redis.call('ZREM', found.eta, id)
  task.clear(key, record.parse(raw), raw, found, batch.now_us)
end

-- One due task: whether it is leased; then it is added to `taken`.
local function claim_task(batch, found, id, fence, fence_text, taken)
  local key = keys.task(batch.partition, found.id, id)
  local raw = claim_batch.read(batch, key)
  local generation, expiry_us, schedule_us, flags, dispatches, first_dispatch_us = attempt.read(raw)
  local now_us = batch.now_us
  if generation ~= found.generation or now_us >= expiry_us then
    drop(batch, found, key, id, raw)
    return false
  end
  if batch.hold_us > now_us and attempt.is_leased(flags) then
    redis.call('ZADD', found.eta, math.min(batch.hold_us, expiry_us), id)
    return false
  end
  attempt.begin(key, fence, now_us, schedule_us, flags, dispatches, first_dispatch_us)
  lease.add(taken, id, fence_text, expiry_us)
  claim_answer.add(batch.answer, found, id, fence_text, raw)
  found.tokens = found.tokens - 1
  return true
end

local function claim_queue(batch, found, share, fence)
  if batch.hold_us <= batch.now_us then
    lease.free_expired(found, batch.now_us)
  end
  local fence_text = number.text(fence)
  local room = math.min(share, batch.answer.credit, math.floor(found.tokens), lease.free_slots(found))
  while room > 0 and batch.records_left > 0 do
    local wanted = math.min(room, batch.records_left)
    local ids = redis.call('ZRANGE', found.eta, '-inf', batch.now_us, 'BYSCORE', 'LIMIT', 0, wanted)
    local taken = lease.batch(batch.lease_end)
    for _, id in ipairs(ids) do
      if claim_task(batch, found, id, fence, fence_text, taken) then
        room = room - 1
      end
    end
    lease.take(found, taken)
    if #ids < wanted then
      return
    end
  end
end

-- The next few of the queues whose ids wait, read: what is left to claim is enough for some tasks of each. A queue is
-- read, charged and lined up again for each claim that it is part of, which costs more than a task.
local function next_queues(batch, ids, from)
  local chunk, last = {}, from + math.max(FEW_QUEUES, math.ceil(batch.answer.credit / WORTH_A_QUEUE)) - 1
  for i = from, math.min(last, #ids) do
    local found = claim_batch.queue(batch, ids[i])
    if found then
      chunk[#chunk + 1] = found
    else
      due.remove(batch.partition, ids[i])
    end
  end
  return chunk, last + 1
end

-- Each queue up to `share` tasks, in the order of waiting. Served is one that the claim has passed.
local function serve(batch, waiting, share, fence, ramp_up)
  for _, found in ipairs(waiting) do
    if batch.answer.credit > 0 and queue.dispatches(found) then
      if ramp_up then
        queue.begin_ramp(batch.partition, found, batch.now_us)
      end
      claim_queue(batch, found, share, fence)
    end
    found.served = found.served or batch.answer.credit > 0 or found.claimed ~= nil
  end
end

local function finish(batch, found, ramp_up)
  queue.save_tokens(batch.partition, found)
  if ramp_up and found.claimed then
    queue.note_dispatch(batch.partition, found, batch.now_us)
    found.dispatched_us = batch.now_us
  end
  due.refresh(batch.partition, found, batch.now_us, true)
end

-- Lease due tasks of the queues that are not in `skip` (id -> true; `skipped` of them). Returns the fence of this
-- claim, 0 if nothing waits, and the ids of the queues that gave any.
function claim_due.take(batch, skip, skipped, ramp_up)
  local ids = due.waiting(batch.partition, batch.now_us, skip, skipped, MOST_QUEUES)
  local waiting, claimed, next_one = {}, {}, 1
  if #ids == 0 then
    return 0, claimed
  end
  local fence = sequence.next_fence(batch.partition, batch.now_us)
  while next_one <= #ids and batch.answer.credit > 0 do
    -- First an equal share each, then what is left over.
    local chunk
    chunk, next_one = next_queues(batch, ids, next_one)
    serve(batch, chunk, math.max(1, math.floor(batch.answer.credit / #chunk)), fence, ramp_up)
    for _, found in ipairs(chunk) do
      waiting[#waiting + 1] = found
    end
  end
  serve(batch, waiting, NO_LIMIT, fence, ramp_up)
  for _, found in ipairs(waiting) do
    if found.served then
      finish(batch, found, ramp_up)
      claimed[#claimed + 1] = found.claimed and found.id
    end
  end
  return fence, claimed
end
