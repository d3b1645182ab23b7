-- The due index: queue -> the next moment at which it could dispatch. Never late; early costs an empty claim.
-- Every script that touches a queue ends with due.refresh, the only writer of the index.
--@include bucket
--@include keys
--@include number
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
    at = math.max(at, tonumber(slot[2] or 0), sequence.hold_us(partition, now_us))
  end
  if served then
    redis.call('ZADD', index, math.max(at, now_us + 1), found.id) -- the claim's answer tells when it is due again
    return
  end
  local before = redis.call('ZSCORE', index, found.id)
  if before and tonumber(before) <= now_us and at <= now_us then
    return
  end
  local from = '(' .. number.text(now_us)
  local upcoming = redis.call('ZRANGE', index, from, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  redis.call('ZADD', index, at, found.id)
  -- News is what comes before the next queue that is not due yet. Those that are do not count: dispatchers may be
  -- skipping them.
  if at <= now_us or not upcoming[1] or at < tonumber(upcoming[2]) then
    redis.call('SPUBLISH', keys.wake_channel(partition), at)
  end
end

-- The queues that are due and not skipped, longest waiting first, at most `limit`. skip: queue id -> true.
function due.waiting(partition, now_us, skip, skipped, limit)
  local waiting = {}
  local ids = redis.call('ZRANGE', keys.due(partition), '-inf', now_us, 'BYSCORE', 'LIMIT', 0, limit + skipped)
  for _, id in ipairs(ids) do
    if not skip[id] then
      waiting[#waiting + 1] = id
    end
  end
  return waiting
end

-- How long until a queue that is not skipped is due; -1 if there is none.
function due.delay_us(partition, now_us, skip, skipped)
  local first = redis.call('ZRANGE', keys.due(partition), 0, skipped, 'WITHSCORES')
  for i = 1, #first, 2 do
    if not skip[first[i]] then
      local delay_us = tonumber(first[i + 1]) - now_us
      return delay_us > 1 and delay_us or 0 -- a queue just served lines up one microsecond ahead
    end
  end
  return -1
end

function due.remove(partition, id)
  redis.call('ZREM', keys.due(partition), id)
end
