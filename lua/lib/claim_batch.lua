-- One claim at work: the queues it has read, what it may still read, and what it has taken.
--@include keys
--@include queue
--@include record
local claim_batch = {}

local MOST_RECORDS = 1000

-- answer: from claim_answer.new. Leased tasks whose lease is over are not handed out before hold_us.
function claim_batch.new(partition, now_us, hold_us, lease_us, answer)
  return {
    partition = partition, now_us = now_us, hold_us = hold_us, lease_us = lease_us, lease_end = now_us + lease_us,
    answer = answer, queues = {}, records_left = MOST_RECORDS, dropped = 0,
    most_bytes = math.max(answer.inline_bytes, record.LONGEST_HEADER_BYTES),
  }
end

-- The queue of this id, read once; false if there is none.
function claim_batch.queue(batch, id)
  if batch.queues[id] == nil then
    batch.queues[id] = queue.read(batch.partition, id, batch.now_us) or false
  end
  return batch.queues[id]
end

-- The string at a task's key, up to one byte more than may be inlined, so that a longer one shows.
function claim_batch.read(batch, key)
  batch.records_left = batch.records_left - 1
  return redis.call('GETRANGE', key, 0, batch.most_bytes)
end
