-- A queue's configuration and its token bucket, as one hash.
--@include bucket
--@include keys
--@include number
--@include throttle
local queue = {}

local FIELDS = {
  'state', 'kind', 'generation', 'version', 'rate', 'burst', 'concurrency', 'tokens', 'refilled_us', 'max_attempts',
  'max_retry_us', 'min_backoff_us', 'max_backoff_us', 'max_doublings', 'task_ttl_us', 'tombstone_us',
  'sampling_ratio', 'names',
  -- Only there while the queue is slowed down, or where slow starts are on:
  'throttle', 'throttled_us', 'ramp_us', 'dispatched_us',
}

-- The rate in force: the configured one, less while the target is overloaded or the queue has just begun.
local function effective_rate(found, now_us)
  local rate = found.full_rate * (found.throttle or 1)
  return found.ramp_us and math.min(rate, throttle.ramp_rate(now_us - found.ramp_us)) or rate
end

-- The queue with tokens as of now, or nil if there is none of this id. `rate` is the rate in force.
function queue.read(partition, id, now_us)
  local values = redis.call('HMGET', keys.config(partition, id), unpack(FIELDS))
  if not values[1] then
    return nil
  end
  local found = { partition = partition, id = id, state = values[1], kind = values[2] }
  for i = 3, #FIELDS do
    found[FIELDS[i]] = tonumber(values[i])
  end
  found.full_rate = found.rate
  found.rate = effective_rate(found, now_us)
  found.stepped_back = found.refilled_us > now_us
  found.tokens = bucket.refilled(found.tokens, found.refilled_us, found.rate, found.burst, now_us)
  found.refilled_us = now_us
  found.eta = keys.eta(partition, id, number.text(found.generation))
  found.leases = keys.leases(partition, id)
  found.records = keys.task(partition, id, '') -- what the keys of its records begin with
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

-- Attempts have ended: the share of its rate that the queue uses falls if one said that the target is overloaded, and
-- rises otherwise.
function queue.adjust_rate(partition, found, now_us, overloaded)
  local changed, factor = throttle.change(found.throttle or 1, found.throttled_us or 0, now_us, overloaded)
  if not changed then
    return
  end
  queue.save_tokens(partition, found)
  if factor < 1 then
    redis.call('HSET', keys.config(partition, found.id), 'throttle', factor, 'throttled_us', now_us)
  else
    redis.call('HDEL', keys.config(partition, found.id), 'throttle', 'throttled_us')
  end
  found.throttle, found.throttled_us = factor, now_us
  found.rate = effective_rate(found, now_us)
end

-- Before a claim where slow starts are on: a queue that is new or was idle begins slowly.
function queue.begin_ramp(partition, found, now_us)
  local runs = found.dispatched_us and now_us - found.dispatched_us <= throttle.RAMP_IDLE_US
  if runs or found.ramp_us == now_us then
    return
  end
  found.ramp_us = now_us
  found.rate = effective_rate(found, now_us)
  found.tokens = math.min(found.tokens, throttle.RAMP_BURST)
  redis.call('HSET', keys.config(partition, found.id), 'ramp_us', now_us)
end

-- After a claim where slow starts are on.
function queue.note_dispatch(partition, found, now_us)
  redis.call('HSET', keys.config(partition, found.id), 'dispatched_us', now_us)
end

-- A user has named a task of the queue, or an id has come again: from now on a success has to look at the task's record.
function queue.note_names(partition, found)
  redis.call('HSET', keys.config(partition, found.id), 'names', 1)
  found.names = 1
end
