-- A queue's configuration and its token bucket, as one hash.
--@include bucket
--@include keys
--@include number
local queue = {}

local FIELDS = {
  'state', 'kind', 'generation', 'version', 'rate', 'burst', 'concurrency', 'tokens', 'refilled_us', 'max_attempts',
  'max_retry_us', 'min_backoff_us', 'max_backoff_us', 'max_doublings', 'task_ttl_us', 'tombstone_us',
}

-- The queue with tokens as of now, or nil if there is none of this id.
function queue.read(partition, id, now_us)
  local values = redis.call('HMGET', keys.config(partition, id), unpack(FIELDS))
  if not values[1] then
    return nil
  end
  local found = { partition = partition, id = id, state = values[1], kind = values[2] }
  for i = 3, #FIELDS do
    found[FIELDS[i]] = tonumber(values[i])
  end
  found.stepped_back = found.refilled_us > now_us
  found.tokens = bucket.refilled(found.tokens, found.refilled_us, found.rate, found.burst, now_us)
  found.refilled_us = now_us
  found.eta = keys.eta(partition, id, number.text(found.generation))
  found.leases = keys.leases(partition, id)
  return found
end

function queue.dispatches(found)
  return found.state == 'RUNNING' and found.kind == 'PUSH'
end

function queue.save_tokens(partition, found)
  redis.call('HSET', keys.config(partition, found.id), 'tokens', found.tokens, 'refilled_us', found.refilled_us)
end

-- The id a name has now, or false.
function queue.id_of(partition, name)
  return redis.call('HGET', keys.queue_ids(partition), name)
end
