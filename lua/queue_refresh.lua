#!lua flags=allow-oom
-- Derive the due index anew for some of a partition's queues, in order of their names: the janitor's slow round, which
-- finds also those that the index should hold and does not.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   after: the last name of the round so far, or empty
--   limit: most queues to visit, at most 100
-- Returns the last name visited, empty at the round's end
-- Cost    O(limit log n)
-- Safe to repeat: it writes what follows from the queues as they are.
--@include clock
--@include due
--@include keys
--@include queue

local now = clock.now_us(now_us)

local from = after == '' and '-' or '(' .. after
local names = redis.call('ZRANGE', keys.queue_names(partition), from, '+', 'BYLEX', 'LIMIT', 0, limit)
for _, name in ipairs(names) do
  local found = queue.read(partition, queue.id_of(partition, name), now)
  if found then
    due.refresh(partition, found, now)
  end
end
return #names == tonumber(limit) and names[#names] or ''
