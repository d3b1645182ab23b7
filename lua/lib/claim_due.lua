-- The due tasks that a claim leases, shared among the due queues of the partition.
--@include claim_batch
--@include claim_queue
--@include due
--@include queue
--@include sequence
local claim_due = {}

local MOST_QUEUES, NO_LIMIT = 100, 1000
local FEW_QUEUES, WORTH_A_QUEUE = 8, 4

-- The queues of some ids that wait.
local function read_queues(batch, ids, first, last)
  local found = {}
  for i = first, math.min(last, #ids) do
    local one = claim_batch.queue(batch, ids[i])
    if one then
      found[#found + 1] = one
    else
      due.remove(batch.partition, ids[i])
    end
  end
  return found
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

-- Queues are read a few at a time, as many as there is left to claim some tasks of each, and get equal shares: to read,
-- charge and line up a queue costs more than a task. Then what is left over is shared out. Returns the queues read.
local function serve_waiting(batch, ids, fence, ramp_up)
  local waiting, first = {}, 1
  while first <= #ids and batch.answer.credit > 0 do
    local last = first + math.max(FEW_QUEUES, math.ceil(batch.answer.credit / WORTH_A_QUEUE)) - 1
    local few = read_queues(batch, ids, first, last)
    serve(batch, few, math.max(1, math.floor(batch.answer.credit / math.max(1, #few))), fence, ramp_up)
    for _, found in ipairs(few) do
      waiting[#waiting + 1] = found
    end
    first = last + 1
  end
  serve(batch, waiting, NO_LIMIT, fence, ramp_up)
  return waiting
end

-- Lease due tasks of the queues that are not in `skip` (id -> true; `skipped` of them). Returns the fence of this
-- claim, 0 if nothing waits, and the ids of the queues that gave any.
function claim_due.take(batch, skip, skipped, ramp_up)
  local ids = due.waiting(batch.partition, batch.now_us, skip, skipped, MOST_QUEUES)
  local claimed = {}
  if #ids == 0 then
    return 0, claimed
  end
  local fence = sequence.next_fence(batch.partition, batch.now_us)
  for _, found in ipairs(serve_waiting(batch, ids, fence, ramp_up)) do
    if found.served then
      finish(batch, found, ramp_up)
      claimed[#claimed + 1] = found.claimed and found.id
    end
  end
  return fence, claimed
end
