-- The attempts that a claim hands out by name: forced ones, and those of a claim whose answer was lost.
--@include claim_answer
--@include claim_batch
--@include due
--@include keys
--@include lease
--@include record
local claim_forced = {}

-- Header and string of the attempt's task, or nil if the attempt is no longer to be made.
local function read(batch, found, id, fence)
  local raw = claim_batch.read(batch, keys.task(batch.partition, found.id, id))
  local header = record.parse(raw)
  if header and record.has_attempt(header, fence, found.generation, batch.now_us) then
    return header, raw
  end
  return nil
end

-- Hand out an attempt that is held already.
function claim_forced.again(batch, queue_id, id, fence)
  local found = claim_batch.queue(batch, queue_id)
  local header, raw
  if found then
    header, raw = read(batch, found, id, fence)
  end
  if header then
    claim_answer.add(batch.answer, found, id, fence, raw)
  end
end

-- One that was given back may have been settled all the same.
local function is_settled(header, fence)
  return header.fence == tonumber(fence) and not record.has(header, record.FORCED)
end

local function take_one(batch, found, id, fence)
  local header, raw = read(batch, found, id, fence)
  if not header or is_settled(header, fence) then
    return false
  end
  local taken = lease.batch(batch.lease_end)
  lease.add(taken, id, fence, header.expiry_us)
  lease.take(found, taken)
  due.refresh(batch.partition, found, batch.now_us)
  claim_answer.add(batch.answer, found, id, fence, raw)
  return true
end

-- Lease the forced attempts that wait, whatever state, tokens or slots say. Returns queue:fence:task of each. One that
-- no claim has picked up within a lease is forgotten; the task's schedule is as it was.
function claim_forced.take(batch)
  local taken, run = {}, keys.run(batch.partition)
  local waiting = redis.call('ZRANGE', run, 0, batch.answer.credit - 1, 'WITHSCORES')
  for i = 1, #waiting, 2 do
    if batch.answer.credit <= 0 then
      break
    end
    redis.call('ZREM', run, waiting[i])
    local queue_id, fence, id = string.match(waiting[i], '^(%d+):(%d+):(.*)$')
    local found = claim_batch.queue(batch, queue_id)
    if found and batch.now_us - waiting[i + 1] <= batch.lease_us and take_one(batch, found, id, fence) then
      taken[#taken + 1] = waiting[i]
    end
  end
  return taken
end
