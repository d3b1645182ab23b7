#!lua flags=allow-oom
-- Lease what a partition's queues may dispatch now to one dispatcher: forced attempts first, then due tasks, shared
-- among the due queues. A task's lease, its queue's token and its slot are taken together, so limits are exact.
-- Records that are missing, damaged or expired are dropped and counted; they stop nothing.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   owner: the dispatcher process
--   claim: its number of this claim; the same number again answers with the same tasks
--   max_tasks: most tasks to lease, at most 1000; the last one may count as several
--   lease_us: length of a lease
--   inline_bytes: a record of at most this size is returned with its payload, up to 1 MiB in all
--   slot_bytes: of the others each counts as one task, and as one more for so many bytes of its record
--   ramp_up: 1 if queues that are new or were idle begin slowly
--   * skip: ids of queues that hold their share of the dispatcher already
-- Returns now (us), us until the partition wants the next claim (-1: not before it is told), records dropped, then a
--         list: for each queue its id, configuration version, and a list of task id, fence, record or its size (too
--         large: read it by its key). A record shows the state before the claim, or after it if its fence is the attempt's.
-- Cost    O(n log m) for n tasks from queues of m; at most 100 queues and 1000 records
--@include claim_answer
--@include claim_batch
--@include claim_due
--@include claim_forced
--@include claim_memory
--@include clock
--@include due
--@include keys
--@include sequence

local now = clock.now_us(now_us)
local lease_length = tonumber(lease_us)
local hold_us = sequence.mark_served(partition, now, lease_length)
local answer = claim_answer.new(tonumber(max_tasks), tonumber(inline_bytes), tonumber(slot_bytes))
local batch = claim_batch.new(partition, now, hold_us, lease_length, answer)
local skip = {}
for _, id in ipairs(rows) do
  skip[id] = true
end

-- The answer to this claim was lost: give it again, as far as the attempts are still held.
local function replay()
  local attempts = claim_memory.attempts(partition, owner, claim)
  for i = 1, #(attempts or {}), 3 do
    claim_forced.again(batch, attempts[i], attempts[i + 1], attempts[i + 2])
  end
  return attempts ~= nil
end

if not replay() then
  local forced, fence, claimed = claim_forced.take(batch), 0, {}
  if answer.credit > 0 then
    fence, claimed = claim_due.take(batch, skip, #rows, ramp_up == '1')
  end
  if #claimed + #forced > 0 then
    claim_memory.save(partition, owner, claim, fence, batch.lease_end, lease_length, claimed, forced)
  end
end
local more_forced = redis.call('EXISTS', keys.run(partition)) == 1
return { now, more_forced and 0 or due.delay_us(partition, now, skip, #rows), batch.dropped, answer.queues }
