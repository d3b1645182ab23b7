-- Attempts that hold a queue's slots: member task:fence, score the lease's end. Concurrency is the size of this set,
-- never a counter; it spans generations, so a purge frees no slot before its HTTP call ends.
local lease = {}

local MOST_EXPIRED = 1000

function lease.member(id, fence)
  return id .. ':' .. fence
end

-- Take slots and move the tasks to the leases' end: leased means later.
-- attempts: id, fence, and the task's expiry (us) of each, as one flat list of at most 1,000.
function lease.take(found, lease_end, attempts)
  local slots, times = {}, {}
  for i = 1, #attempts, 3 do
    local n = #slots
    slots[n + 1], slots[n + 2] = lease_end, lease.member(attempts[i], attempts[i + 1])
    times[n + 1], times[n + 2] = math.min(lease_end, attempts[i + 2]), attempts[i]
  end
  if #slots > 0 then
    redis.call('ZADD', found.leases, unpack(slots))
    redis.call('ZADD', found.eta, unpack(times))
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

function lease.free_expired(found, now_us)
  local expired = redis.call('ZRANGE', found.leases, '-inf', now_us, 'BYSCORE', 'LIMIT', 0, MOST_EXPIRED)
  if #expired > 0 then
    redis.call('ZREM', found.leases, unpack(expired))
  end
end

function lease.free_slots(found)
  return found.concurrency - redis.call('ZCARD', found.leases)
end
