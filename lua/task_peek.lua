#!lua flags=no-writes
-- The live tasks of a queue that come first, by next eligible time, then by id. Without bodies.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   count: most tasks to return
-- Returns 'page', then id and record of each task; or 'no_queue'. Tasks past their life count, and are left out
-- Cost    O(count), and O(n) for the claims of n tasks whose first attempts run
--@include clock
--@include first_attempt
--@include keys
--@include queue
--@include record
--@include task

local now = clock.now_us(now_us)
local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
end

local page = { 'page' }
local first = redis.call('ZRANGE', found.eta, 0, count - 1, 'WITHSCORES')
for i = 1, #first, 2 do
  local id = first[i]
  local key = keys.task(partition, queue_id, id)
  local state, header = task.state(redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1), found, now)
  if state == 'live' then
    local raw = redis.call('GETRANGE', key, 0, header.length + header.tag_bytes + header.meta_bytes - 1)
    page[#page + 1], page[#page + 2] = id, first_attempt.shown(found, id, header, raw, first[i + 1])
  end
end
return page
