-- What a partition counts and remembers: ids (queues, generations) and fences, never reset; when it was last served.
--@include keys
local sequence = {}

function sequence.next_id(partition)
  return redis.call('HINCRBY', keys.sequence(partition), 'id', 1)
end

-- The newest fence given out. A record born now belongs to attempts with a greater one.
function sequence.last_fence(partition)
  return tonumber(redis.call('HGET', keys.sequence(partition), 'fence') or 0)
end

-- A fence greater than any before it, also after a failover that lost the counter's last steps.
function sequence.next_fence(partition, now_us)
  local fence = math.max(sequence.last_fence(partition) + 1, now_us)
  redis.call('HSET', keys.sequence(partition), 'fence', fence)
  return fence
end

-- Expired leases are not handed out before this time (0: no hold). One from before the clock stepped back is void.
function sequence.hold_us(partition, now_us)
  local seen = redis.call('HMGET', keys.sequence(partition), 'served_us', 'hold_us')
  return tonumber(seen[1] or 0) <= now_us and tonumber(seen[2] or 0) or 0
end

-- Note that dispatchers are at work. After a gap of more than a third of a lease (the store was away, or the clock
-- jumped) they first get the time to renew and settle what they hold. Returns the hold's end.
function sequence.mark_served(partition, now_us, lease_us)
  local seen = redis.call('HMGET', keys.sequence(partition), 'served_us', 'hold_us')
  local served_us, hold_us = tonumber(seen[1] or now_us), tonumber(seen[2] or 0)
  if hold_us > now_us + lease_us then
    hold_us = 0 -- set before the clock stepped back
  end
  if now_us - served_us > lease_us / 3 then
    hold_us = now_us + math.floor(lease_us / 3)
  end
  redis.call('HSET', keys.sequence(partition), 'served_us', now_us, 'hold_us', hold_us)
  return hold_us
end
