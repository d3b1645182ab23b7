#!lua flags=allow-oom
-- Renew the leases of running attempts of one partition. Late renewals succeed if nobody has claimed the task since.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   lease_us: length of a lease
--   * queue_id task_id fence: one attempt each
-- Returns 1 (renewed) or 0 (lost: another attempt has the task) for each attempt, in order
-- Cost    O(n log m) for n attempts in queues of m; n <= 1000
-- Safe to repeat: a second call sets the same end again.
--@include clock
--@include due
--@include first_attempt
--@include keys
--@include lease
--@include queue
--@include record
--@include sequence

local ROW = 3
local now = clock.now_us(now_us)
local lease_end = now + tonumber(lease_us)
local queues, answers = {}, {}

-- An attempt keeps its slot until its HTTP call ends, even if the task or the queue is gone.
local function renew(found, leases, id, fence)
  local held = redis.call('ZSCORE', leases, lease.member(id, fence))
  local key = found and found.records .. id
  local header = found and record.read(key)
  local current = header and record.has_attempt(header, fence, found.generation, now)
  if current and held and header.dispatches == 0 then
    first_attempt.recall(header, tonumber(fence))
    record.update(key, header) -- its lease no longer tells when it began
  end
  if held and header and header.birth >= tonumber(fence) and not found.names then
    queue.note_names(partition, found) -- both tasks of this id may now have leases of the same end
  end
  current = current and record.has(header, record.LEASED)
  if not held and not (current and header.fence == tonumber(fence)) then
    return 0
  end
  if current then
    local until_us = lease_end
    if header.fence ~= tonumber(fence) then
      -- Beside a newer attempt the task stays leased for as long as either runs.
      until_us = math.max(lease_end, tonumber(redis.call('ZSCORE', found.eta, id) or 0))
    end
    redis.call('ZADD', found.eta, math.min(until_us, header.expiry_us), id)
  end
  redis.call('ZADD', leases, lease_end, lease.member(id, fence))
  return 1
end

sequence.mark_served(partition, now, tonumber(lease_us))
for i = 1, #rows, ROW do
  local id = rows[i]
  if queues[id] == nil then
    queues[id] = queue.read(partition, id, now) or false
  end
  answers[#answers + 1] = renew(queues[id], keys.leases(partition, id), rows[i + 1], rows[i + 2])
end
for _, found in pairs(queues) do
  if found then
    due.refresh(partition, found, now)
  end
end
return answers
