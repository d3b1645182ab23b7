#!lua flags=allow-oom
-- Settle finished attempts of one partition: delete what succeeded, reschedule or give up what failed. An attempt that
-- is no longer the task's own and no longer holds its lease is stale and changes nothing.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   * queue_id task_id fence result: one attempt each. result: 'done', or 'OUTCOME STATUS RETRY_AFTER_US OVERLOADED'.
--     OUTCOME: 'done', 'answered' (with a failure), 'unanswered' (no answer came); STATUS: the HTTP status, 504 for a
--     deadline, 0 for no connection; RETRY_AFTER_US: the target's wish for the next attempt, 0 without one;
--     OVERLOADED: 1 if the queue is to slow down
-- Returns for each attempt in order: 'stale', 'done', 'retry', 'exhausted', 'gone' (the task was deleted meanwhile), or
--         'counted' (failed beside a newer attempt, which decides)
-- Cost    O(n log m) for n attempts in queues of m; n <= 500
-- Safe to repeat: a second call finds neither lease nor attempt.
--@include clock
--@include due
--@include finish
--@include first_attempt
--@include keys
--@include lease
--@include outcome
--@include queue
--@include record
--@include retry
--@include statistics
--@include task

local ROW = 4
local MOST_RETRY_AFTER_US = 3600 * 1000000
local now = clock.now_us(now_us)
local touched, answers = {}, {}

-- When the task may run again; a forced attempt counts from the moment it was asked for.
local function next_attempt_us(header, config, retry_after_us)
  local from_us = record.has(header, record.FORCED) and header.last_dispatch_us or now
  local backed_off_us = from_us + retry.interval_us(config, header.ended)
  local wished_us = now + math.min(retry_after_us, config.max_backoff_us, MOST_RETRY_AFTER_US)
  return math.max(backed_off_us, wished_us, now)
end

local function fail(found, key, id, header, raw, result)
  outcome.count_failure(header, result)
  header.last_response_us = now
  header.last_status = result.status
  local config = record.own_retry(raw, header) or found
  if retry.is_exhausted(config, header.ended, now - header.first_dispatch_us) then
    task.remove(key, id, header, found, now, header.request_id)
    return 'exhausted'
  end
  header.schedule_us = next_attempt_us(header, config, result.retry_after_us)
  record.set(header, record.LEASED, false)
  record.set(header, record.FORCED, false)
  record.update(key, header)
  redis.call('ZADD', found.eta, math.min(header.schedule_us, header.expiry_us), id)
  return 'retry'
end

local function settle(found, id, fence, result)
  local key = found.records .. id
  local held = lease.drop(found.leases, id, fence)
  local raw = redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  local header = record.parse(raw)
  if not header or not record.has_attempt(header, fence, found.generation, now) then
    return held and 'gone' or 'stale'
  end
  if held then
    first_attempt.recall(header, tonumber(fence))
  end
  local own = header.fence == tonumber(fence) and record.has(header, record.LEASED)
  if not own and not held then
    return 'stale'
  end
  if result.outcome == 'done' then
    task.remove(key, id, header, found, now, header.request_id)
    return 'done'
  end
  if not own then
    -- A failure beside a newer attempt is counted; the newer one decides about the task.
    outcome.count_failure(header, result)
    record.update(key, header)
    return 'counted'
  end
  return fail(found, key, id, header, raw, result)
end

-- What follows from an attempt for the queue as a whole.
local function note(found, result, attempts)
  found.finished = found.finished + attempts
  outcome.note_load(found, result)
end

local function settle_row(i)
  local queue_id, id, fence = rows[i], rows[i + 1], rows[i + 2]
  local found = touched[queue_id]
  if not found then
    return lease.drop(keys.leases(partition, queue_id), id, fence) and 'gone' or 'stale'
  end
  local result = outcome.parse(rows[i + 3])
  local answer = settle(found, id, fence, result)
  if answer ~= 'stale' then
    note(found, result, 1)
  end
  return answer
end

local function read_queue(queue_id)
  local found = queue.read(partition, queue_id, now)
  if found then
    found.done, found.finished = finish.batch(), 0
  end
  return found or false
end

-- First what succeeded and nothing has come between, a queue at once; then the rest, one by one.
for i = 1, #rows, ROW do
  local queue_id = rows[i]
  local found = touched[queue_id]
  if found == nil then
    found = read_queue(queue_id)
    touched[queue_id] = found
  end
  if found and rows[i + 3] == 'done' then
    finish.add(found.done, (i + ROW - 1) / ROW, rows[i + 1], rows[i + 2])
  end
end
for _, found in pairs(touched) do
  local finished = found and finish.apply(found.done, found, now, answers) or 0
  if finished > 0 then
    note(found, outcome.DONE, finished)
  end
end
for i = 1, #rows, ROW do
  local n = (i + ROW - 1) / ROW
  answers[n] = answers[n] or settle_row(i)
end
for _, found in pairs(touched) do
  if found then
    if found.finished > 0 then
      statistics.count(partition, found.id, now, found.finished)
    end
    if found.overloaded or found.answered then
      queue.adjust_rate(partition, found, now, found.overloaded)
    end
    due.refresh(partition, found, now)
  end
end
return answers
