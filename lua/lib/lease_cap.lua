-- How many lease calls a queue takes in any second: the moments of those that it took in the last one, packed.
--@include keys
local lease_cap = {}

local WINDOW_US = 1000000
local LIVES_MS = 10000
local MOMENT, MOMENT_BYTES = '>I8', 8

-- Take one more call, unless `limit` were taken within the last second; whether it was taken. O(calls in a second).
function lease_cap.take(partition, queue_id, now_us, limit)
  local key = keys.lease_cap(partition, queue_id)
  local taken = redis.call('GET', key) or ''
  local first = 1
  while first < #taken do
    local moment = struct.unpack(MOMENT, taken, first)
    if moment > now_us - WINDOW_US and moment <= now_us then
      break
    end
    first = first + MOMENT_BYTES -- older than the window, or written before the clock stepped back
  end
  if (#taken - first + 1) / MOMENT_BYTES >= limit then
    return false
  end
  redis.call('SET', key, string.sub(taken, first) .. struct.pack(MOMENT, now_us), 'PX', LIVES_MS)
  return true
end
