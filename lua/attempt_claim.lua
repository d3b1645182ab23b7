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
--   max_tasks: most tasks to lease, at most 1000
--   lease_us: length of a lease
--   inline_bytes: a record of at most this size is returned with its payload, up to 1 MiB in all
--   ramp_up: 1 if queues that are new or were idle begin slowly
--   * skip: ids of queues that hold their share of the dispatcher already
-- Returns now (us), us until the partition wants the next claim (-1: not before it is told), records dropped, then a
--         list: for each queue its id, configuration version, and a list of task id, fence, record or false (too large:
--         read it by its key). A record shows the state before the claim, or after it if its fence is the attempt's.
-- Cost    O(n log m) for n tasks from queues of m; at most 100 queues and 1000 records
--@include claim_answer
--@include claim_memory
--@include clock
--@include due
--@include keys
--@include lease
--@include number
--@include queue
--@include record
--@include sequence
--@include task

local MOST_QUEUES, MOST_RECORDS = 100, 1000
local now = clock.now_us(now_us)
local lease_length = tonumber(lease_us)
local lease_end = now + lease_length
local hold_us = sequence.mark_served(partition, now, lease_length)
local answer = claim_answer.new(tonumber(max_tasks), tonumber(inline_bytes))
local records_left, dropped = MOST_RECORDS, 0
local queues, skip, forced = {}, {}, {}
for _, id in ipairs(rows) do
  skip[id] = true
end

local function read_queue(id)
  if queues[id] == nil then
    queues[id] = queue.read(partition, id, now) or false
  end
  return queues[id]
end

-- Header and string of a record, the string up to one byte more than may be inlined, so that a longer one shows.
local function read_record(found, id)
  records_left = records_left - 1
  local raw = redis.call('GETRANGE', keys.task(partition, found.id, id), 0,
    math.max(answer.inline_bytes, record.LONGEST_HEADER_BYTES))
  return record.parse(raw), raw
end

-- The answer to this claim was lost: give it again, as far as the attempts are still held.
local function replay()
  local attempts = claim_memory.attempts(partition, owner, claim)
  for i = 1, #(attempts or {}), 3 do
    local found, id, fence = read_queue(attempts[i]), attempts[i + 1], attempts[i + 2]
    if found then
      local header, raw = read_record(found, id)
      if header and record.has_attempt(header, fence, found.generation, now) then
        claim_answer.add(answer, found, id, fence, raw)
      end
    end
  end
  return attempts ~= nil
end

-- A forced attempt that is still to be made. One that was given back may have been settled all the same.
local function is_wanted(header, fence, found)
  local settled = header and header.fence == tonumber(fence) and not record.has(header, record.FORCED)
  return header and not settled and record.has_attempt(header, fence, found.generation, now)
end

-- An attempt that no claim has picked up within a lease is forgotten; the task's schedule is as it was.
local function claim_forced()
  local waiting = redis.call('ZRANGE', keys.run(partition), 0, answer.credit - 1, 'WITHSCORES')
  for i = 1, #waiting, 2 do
    redis.call('ZREM', keys.run(partition), waiting[i])
    local queue_id, fence, id = string.match(waiting[i], '^(%d+):(%d+):(.*)$')
    local found = read_queue(queue_id)
    if found and now - waiting[i + 1] <= lease_length then
      local header, raw = read_record(found, id)
      if is_wanted(header, fence, found) then
        lease.take(found, lease_end, { id, fence, header.expiry_us })
        due.refresh(partition, found, now)
        claim_answer.add(answer, found, id, fence, raw)
        forced[#forced + 1] = waiting[i]
      end
    end
  end
end

-- One due task: whether it is to be leased; then it is added to `taken`.
local function claim_task(found, id, fence, fence_text, taken)
  local header, raw = read_record(found, id)
  if not header or not record.is_live(header, found.generation, now) then
    dropped = dropped + 1
    redis.call('ZREM', found.eta, id)
    task.clear(keys.task(partition, found.id, id), header, raw, found, now)
    return false
  end
  if hold_us > now and record.has(header, record.LEASED) then
    redis.call('ZADD', found.eta, math.min(hold_us, header.expiry_us), id)
    return false
  end
  record.begin_attempt(header, fence, now)
  record.set(header, record.FORCED, false)
  record.update(keys.task(partition, found.id, id), header)
  local n = #taken
  taken[n + 1], taken[n + 2], taken[n + 3] = id, fence_text, header.expiry_us
  claim_answer.add(answer, found, id, fence_text, raw)
  found.tokens = found.tokens - 1
  return true
end

local function claim_queue(found, share, fence)
  if hold_us <= now then
    lease.free_expired(found, now)
  end
  local fence_text = number.text(fence)
  local room = math.min(share, answer.credit, math.floor(found.tokens), lease.free_slots(found))
  while room > 0 and records_left > 0 do
    local wanted = math.min(room, records_left)
    local ids = redis.call('ZRANGE', found.eta, '-inf', now, 'BYSCORE', 'LIMIT', 0, wanted)
    local taken = {}
    for _, id in ipairs(ids) do
      if claim_task(found, id, fence, fence_text, taken) then
        room = room - 1
      end
    end
    lease.take(found, lease_end, taken)
    if #ids < wanted then
      return
    end
  end
end

local function waiting_queues()
  local waiting = {}
  for _, id in ipairs(due.waiting(partition, now, skip, #rows, MOST_QUEUES)) do
    local found = read_queue(id)
    if found then
      waiting[#waiting + 1] = found
    else
      due.remove(partition, id)
    end
  end
  return waiting
end

local function claim_due()
  local waiting = waiting_queues()
  if #waiting == 0 then
    return 0, {}
  end
  local fence = sequence.next_fence(partition, now)
  -- First an equal share each, then what is left over, in the order of waiting.
  for _, share in ipairs({ math.max(1, math.floor(answer.credit / #waiting)), MOST_RECORDS }) do
    for _, found in ipairs(waiting) do
      if answer.credit > 0 and queue.dispatches(found) then
        if ramp_up == '1' then
          queue.begin_ramp(partition, found, now)
        end
        claim_queue(found, share, fence)
      end
      found.served = found.served or answer.credit > 0 or found.claimed ~= nil
    end
  end
  local claimed = {}
  for _, found in ipairs(waiting) do
    if found.served then
      queue.save_tokens(partition, found)
      if ramp_up == '1' and found.claimed then
        queue.note_dispatch(partition, found, now)
        found.dispatched_us = now
      end
      due.refresh(partition, found, now, true)
      claimed[#claimed + 1] = found.claimed and found.id
    end
  end
  return fence, claimed
end

if not replay() then
  claim_forced()
  local fence, claimed = 0, {}
  if answer.credit > 0 then
    fence, claimed = claim_due()
  end
  if #claimed + #forced > 0 then
    claim_memory.save(partition, owner, claim, fence, lease_end, lease_length, claimed, forced)
  end
end
local more_forced = redis.call('EXISTS', keys.run(partition)) == 1
return { now, more_forced and 0 or due.delay_us(partition, now, skip, #rows), dropped, answer.queues }
