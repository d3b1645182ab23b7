-- Attempts that hold a queue's slots: member task:fence, score the lease's end. Concurrency is the size of this set,
-- never a counter; it spans generations, so a purge frees no slot before its HTTP call ends.
--@include number
local lease = {}

function lease.member(id, fence)
  return id .. ':' .. fence
end

-- Task and fence, as texts.
function lease.parse(member)
  return string.match(member, '^(.*):(%d+)$')
end

-- The fence alone.
function lease.fence_of(member)
  return string.match(member, '%d+$')
end

-- Attempts to be leased together, at most 1,000. The lease's end is kept as text too: Redis would make one for each.
function lease.batch(lease_end)
  return { lease_end = lease_end, end_text = number.text(lease_end), slots = {}, times = {}, size = 0 }
end

function lease.add(batch, id, fence, expiry_us)
  local n, end_text = batch.size, batch.end_text
  batch.slots[n + 1], batch.slots[n + 2] = end_text, lease.member(id, fence)
  batch.times[n + 1], batch.times[n + 2] = batch.lease_end < expiry_us and end_text or expiry_us, id
  batch.size = n + 2
end

-- Take the slots and move the tasks to the leases' end: leased means later.
function lease.take(found, batch)
  if batch.size > 0 then
    redis.call('ZADD', found.leases, unpack(batch.slots))
    redis.call('ZADD', found.eta, unpack(batch.times))
  end
end

-- When the lease of an attempt ends, or false if it holds none.
function lease.ends_us(leases, id, fence)
  local ends_us = redis.call('ZSCORE', leases, lease.member(id, fence))
  return ends_us and tonumber(ends_us)
end

-- Whether the attempt still held its slot, which it now gives back.
function lease.drop(leases, id, fence)
  return redis.call('ZREM', leases, lease.member(id, fence)) == 1
end

-- The attempts whose leases are over, as members, at most `limit`.
function lease.expired(found, now_us, limit)
  return redis.call('ZRANGE', found.leases, '-inf', now_us, 'BYSCORE', 'LIMIT', 0, limit)
end

-- Give back the slots of these attempts.
function lease.free(found, members)
  if #members > 0 then
    redis.call('ZREM', found.leases, unpack(members))
  end
end

function lease.free_slots(found)
  return found.concurrency - redis.call('ZCARD', found.leases)
end
