#!lua flags=no-writes
-- Read tasks of a queue.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   full: 1 with bodies, 0 without
--   * task_id: one task each
-- Returns a list for each task, in order: 'live' and the record; 'tombstoned' or 'none' and the request that removed it.
--         Or 'no_queue' alone
-- Cost    O(size of what is returned), which callers bound by the number of tasks: one if full, else 32; also O(n) for
--         the n tasks of each claim whose first attempts run
--@include clock
--@include first_attempt
--@include queue
--@include record
--@include task

local now = clock.now_us(now_us)

local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
end

local function read(id)
  local key = found.records .. id
  local raw = full == '1' and redis.call('GET', key) or redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  local state, header = task.state(raw, found, now)
  if state ~= 'live' then
    return { state, header }
  end
  if full ~= '1' then
    raw = redis.call('GETRANGE', key, 0, header.length + header.tag_bytes + header.meta_bytes - 1)
  end
  return { state, first_attempt.shown(found, id, header, raw, redis.call('ZSCORE', found.eta, id)) }
end

local answers = {}
for i, id in ipairs(rows) do
  answers[i] = read(id)
end
return answers
