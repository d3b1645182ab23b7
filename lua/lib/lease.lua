-- Attempts that hold a queue's slots: member task:fence, score the lease's end. Concurrency is the size of this set,
-- never a counter; it spans generations, so a purge frees no slot before its HTTP call ends.
--@include number
local lease = {}

local MOST_EXPIRED = 1000

function lease.member(id, fence)
  return id .. ':' .. fence
end

-- Take a slot and move the task to the lease's end: leased means later.
function lease.take(found, id, fence, lease_end, header)
  redis.call('ZADD', found.leases, number.whole(lease_end), lease.member(id, fence))
  redis.call('ZADD', found.eta, number.whole(math.min(lease_end, header.expiry_us)), id)
end

-- Whether the attempt still held its slot, which it now gives back.
function lease.drop(leases, id, fence)
  return redis.call('ZREM', leases, lease.member(id, fence)) == 1
end

function lease.free_expired(found, now_us)
  local expired = redis.call('ZRANGE', found.leases, '-inf', number.whole(now_us), 'BYSCORE', 'LIMIT', 0, MOST_EXPIRED)
  if #expired > 0 then
    redis.call('ZREM', found.leases, unpack(expired))
  end
end

function lease.free_slots(found)
  return found.concurrency - redis.call('ZCARD', found.leases)
end
