-- A dispatcher's last claim, kept for a lease, so that it can be answered again when the answer was lost.
--@include keys
--@include lease
local claim_memory = {}

local MOST_ATTEMPTS = 1000

-- queues: ids of those of which tasks were leased under `fence`; forced: queue:fence:task of each forced attempt.
function claim_memory.save(partition, owner, claim, fence, lease_end, lease_us, queues, forced)
  local key = keys.claim(partition, owner)
  redis.call('HSET', key, 'claim', claim, 'fence', fence, 'lease_end', lease_end,
    'queues', table.concat(queues, ','), 'forced', table.concat(forced, ','))
  redis.call('PEXPIRE', key, math.ceil(lease_us / 1000))
end

-- What the claim of this number leased, as far as it is still held: queue, task, fence of each, flat. Nil if that is
-- not the owner's last claim.
function claim_memory.attempts(partition, owner, claim)
  local last = redis.call('HMGET', keys.claim(partition, owner), 'claim', 'fence', 'lease_end', 'queues', 'forced')
  if last[1] ~= claim then
    return nil
  end
  local attempts = {}
  local function add(queue_id, task_id, fence)
    local n = #attempts
    attempts[n + 1], attempts[n + 2], attempts[n + 3] = queue_id, task_id, fence
  end
  for queue_id, fence, task_id in string.gmatch(last[5], '(%d+):(%d+):([^,]*)') do
    if lease.ends_us(keys.leases(partition, queue_id), task_id, fence) == tonumber(last[3]) then
      add(queue_id, task_id, fence)
    end
  end
  for queue_id in string.gmatch(last[4], '%d+') do
    local leases = keys.leases(partition, queue_id)
    for _, member in ipairs(redis.call('ZRANGE', leases, last[3], last[3], 'BYSCORE', 'LIMIT', 0, MOST_ATTEMPTS)) do
      local task_id, fence = lease.parse(member)
      if fence == last[2] then
        add(queue_id, task_id, fence)
      end
    end
  end
  return attempts
end
