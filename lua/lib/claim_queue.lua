-- What a claim takes of one queue.
--@include attempt
--@include claim_answer
--@include claim_batch
--@include first_attempt
--@include lease
--@include number
--@include record
--@include task
local claim_queue = {}

-- What stands in place of a live task: a damaged, dead or missing record.
local function drop(batch, found, key, id, raw)
  batch.dropped = batch.dropped + 1
  redis.call('ZREM', found.eta, id)
  task.clear(key, record.parse(raw), raw, found, batch.now_us)
end

-- During a hold, whether the task has a lease, which then is over: it is moved to the hold's end.
local function is_held_back(batch, found, key, id, raw)
  local header = record.parse(raw)
  local dispatches = header.dispatches
  first_attempt.complete(found, id, header, redis.call('ZSCORE', found.eta, id))
  if not record.has(header, record.LEASED) then
    return false
  elseif header.dispatches > dispatches then
    record.update(key, header)
  end
  redis.call('ZADD', found.eta, math.min(batch.hold_us, header.expiry_us), id)
  return true
end

-- One due task: whether it is leased; then it is added to `taken`.
local function claim_task(batch, found, id, fence, fence_text, taken)
  local key = found.records .. id
  local raw = claim_batch.read(batch, key)
  local generation, expiry_us, schedule_us, flags, dispatches, first_dispatch_us = attempt.read(raw)
  local now_us = batch.now_us
  if generation ~= found.generation or now_us >= expiry_us then
    drop(batch, found, key, id, raw)
    return false
  end
  if batch.hold_us > now_us and is_held_back(batch, found, key, id, raw) then
    return false
  end
  if not first_attempt.needs_no_record(dispatches, fence, now_us, batch.lease_end, expiry_us) then
    attempt.begin(key, fence, now_us, schedule_us, flags, dispatches, first_dispatch_us)
  end
  lease.add(taken, id, fence_text, expiry_us)
  claim_answer.add(batch.answer, found, id, fence_text, raw)
  found.tokens = found.tokens - 1
  return true
end

-- Free the slots of attempts whose leases are over; whether of all of them, so that no task forgets an attempt. Each
-- counts as a record that the claim reads.
local function free_expired(batch, found)
  local most = batch.records_left
  local expired = lease.expired(found, batch.now_us, most)
  batch.records_left = most - #expired
  first_attempt.write(found, expired, batch.now_us)
  lease.free(found, expired)
  return #expired < most
end

-- Lease due tasks of the queue under this fence, at most `share`.
function claim_queue.take(batch, found, share, fence)
  if batch.hold_us <= batch.now_us and not free_expired(batch, found) then
    return
  end
  local fence_text = number.text(fence)
  local room = math.min(share, batch.answer.credit, math.floor(found.tokens), lease.free_slots(found))
  while room > 0 and batch.answer.credit > 0 and batch.records_left > 0 do
    local wanted = math.min(room, batch.records_left)
    local ids = redis.call('ZRANGE', found.eta, '-inf', batch.now_us, 'BYSCORE', 'LIMIT', 0, wanted)
    local taken = lease.batch(batch.lease_end)
    for _, id in ipairs(ids) do
      if batch.answer.credit <= 0 then
        break
      end
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
