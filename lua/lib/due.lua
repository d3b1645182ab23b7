-- The due index: queue -> the next moment at which it could dispatch. Never late; early costs an empty claim.
-- Every script that touches a queue ends with due.refresh, the only writer of the index.
--@include bucket
--@include keys
--@include queue
--@include sequence
local due = {}

-- found: the queue as queue.read gave it. served: a claim has just passed it, so it lines up behind those that wait.
function due.refresh(partition, found, now_us, served)
  if found.stepped_back then
    -- Otherwise each refresh would put the queue off by the same wait, for nothing flows in before the old time.
    queue.save_tokens(partition, found)
  end
  local index = keys.due(partition)
  local head = queue.dispatches(found) and redis.call('ZRANGE', found.eta, 0, 0, 'WITHSCORES')
  if not head or not head[1] then
    redis.call('ZREM', index, found.id)
    return
  end
  local at = math.max(now_us, tonumber(head[2]), bucket.next_claim_us(found.tokens, found.rate, found.burst, now_us))
  if redis.call('ZCARD', found.leases) >= found.concurrency then
    local slot = redis.call('ZRANGE', found.leases, 0, 0, 'WITHSCORES')
    at = math.max(at, tonumber(slot[2] or 0), sequence.hold_us(partition))
  end
  if served then
    at = math.max(at, now_us + 1)
  end
  local before = redis.call('ZSCORE', index, found.id)
  if before and tonumber(before) <= now_us and at <= now_us and not served then
    return
  end
  local first = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
  redis.call('ZADD', index, at, found.id)
  if not first[1] or at < tonumber(first[2]) then
    redis.call('SPUBLISH', keys.wake_channel(partition), at)
  end
end

function due.remove(partition, id)
  redis.call('ZREM', keys.due(partition), id)
end
