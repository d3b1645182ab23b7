-- The due tasks that a claim leases, shared among the due queues of the partition.
--@include claim_batch
--@include claim_queue
--@include due
--@include queue
--@include sequence
local claim_due = {}

local MOST_QUEUES, NO_LIMIT = 100, 1000
local FEW_QUEUES, WORTH_A_QUEUE = 8, 4

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
      claim_queue.take(batch, found, share, fence)
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
