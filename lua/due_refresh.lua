#!lua flags=allow-oom
-- Derive the due index anew for some of the queues that it holds for later: the janitor's round. A clock that has stepped
-- back leaves their times too far ahead. Those due already need nothing, nor do idle queues, which are not in it.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   first: how many of them the round has passed
--   limit: most queues to visit, at most 100
-- Returns how many the round has passed now; 0: it begins anew. One that moves meanwhile may be left to the next round.
-- Cost    O(first + limit log n) for n queues in the index
-- Safe to repeat: it writes what follows from the queues as they are.
--@include clock
--@include due
--@include keys
--@include number
--@include queue

local now = clock.now_us(now_us)

local from = '(' .. number.text(now)
local index = keys.due(partition)
local later = redis.call('ZCOUNT', index, from, '+inf')
local ids = redis.call('ZRANGE', index, from, '+inf', 'BYSCORE', 'LIMIT', first, limit)
for _, id in ipairs(ids) do
  local found = queue.read(partition, id, now)
  if found then
    due.refresh(partition, found, now)
  else
    due.remove(partition, id)
  end
end
-- Those that are due now, or gone, have left the range that the round goes through.
local left = later - redis.call('ZCOUNT', index, from, '+inf')
return #ids == tonumber(limit) and first + #ids - left or 0
