#!lua flags=allow-oom
-- Free some of what a purge or a queue's deletion left behind: records of a swept generation, tombstones in place of
-- those that a user named. Records of another generation are untouched.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   limit: most records to free, at most 1000
-- Returns the number of records looked at, and 1 if there is more to sweep now, else 0
-- Cost    O(limit)
-- Safe to repeat: each call goes on where the last one ended.
--@include clock
--@include keys
--@include lease
--@include queue
--@include record
--@include tags
--@include task

local now = clock.now_us(now_us)

redis.call('ZREMRANGEBYSCORE', keys.queue_tombstones(partition), '-inf', now)
redis.call('ZREMRANGEBYSCORE', keys.operations(partition), '-inf', now)
local first = redis.call('ZRANGE', keys.garbage(partition), '-inf', now, 'BYSCORE', 'LIMIT', 0, 1)
if not first[1] then
  return { 0, 0 }
end
local id, generation = string.match(first[1], '^(%d+):(%d+)$')
local found = queue.read(partition, id, now)
local eta = keys.eta(partition, id, generation)
local names, by_tag = redis.call('ZRANGE', eta, 0, limit - 1), {}
for _, name in ipairs(names) do
  local key = keys.task(partition, id, name)
  local raw = redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  local header = record.parse(raw)
  if not header then
    task.discard(key, raw)
  elseif header.generation == tonumber(generation) then
    by_tag[tags.of(key, header, raw)] = true
    -- A deleted queue's id is never used again, so its names need no tombstones.
    local expiry_us = found and task.name_taken_until_us(header, found) or 0
    task.bury(key, header, expiry_us, now, '\0\0\0\0\0\0\0\0')
  end
end
tags.forget_all(partition, id, generation, by_tag)
redis.call('ZREMRANGEBYRANK', eta, 0, limit - 1)

if #names == tonumber(limit) then
  return { #names, 1 }
end
local leases = keys.leases(partition, id)
local gone = { leases = leases }
if not found then
  lease.free(gone, lease.expired(gone, now, limit))
end
if found or redis.call('EXISTS', leases) == 0 then
  redis.call('ZREM', keys.garbage(partition), first[1])
else
  -- Attempts of a deleted queue still run: come back when the first of their leases may have ended.
  redis.call('ZADD', keys.garbage(partition), redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')[2], first[1])
end
return { #names, redis.call('ZCOUNT', keys.garbage(partition), '-inf', now) > 0 and 1 or 0 }
