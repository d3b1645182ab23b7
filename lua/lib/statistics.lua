-- What a queue has done in the last hour: one packed string of 60 seconds and 60 minutes, each with the moment it counts.
-- Such a slot is overwritten when its turn comes again, so nothing needs clearing. broker/store/keys.py names the key.
--@include keys
local statistics = {}

local SLOTS, SLOT_BYTES, SLOT = 60, 8, '>I4I4'
local START_BYTES, START = 4, '>I4'
local MINUTES_OFFSET = START_BYTES + SLOTS * SLOT_BYTES
local LIVES_S = 7200

-- Add to the slot of a moment (a number of seconds or of minutes); whether it was that of another moment before.
local function add_to_slot(key, ring_offset, moment, amount)
  local offset = ring_offset + moment % SLOTS * SLOT_BYTES
  local raw = redis.call('GETRANGE', key, offset, offset + SLOT_BYTES - 1)
  local counts, before = 0, 0
  if #raw == SLOT_BYTES then
    counts, before = struct.unpack(SLOT, raw)
  end
  redis.call('SETRANGE', key, offset, struct.pack(SLOT, moment, (counts == moment and before or 0) + amount))
  return counts ~= moment
end

-- Count what a queue has executed: attempts finished, or tasks handed out. Once a batch; O(1).
function statistics.count(partition, queue_id, now_us, executed)
  local key = keys.statistics(partition, queue_id)
  local second = math.floor(now_us / 1e6)
  add_to_slot(key, START_BYTES, second, executed)
  if add_to_slot(key, MINUTES_OFFSET, math.floor(second / 60), executed) then
    if redis.call('GETRANGE', key, 0, START_BYTES - 1) == '\0\0\0\0' then
      redis.call('SETRANGE', key, 0, struct.pack(START, second))
    end
    redis.call('EXPIRE', key, LIVES_S)
  end
end

-- What the slots of the last 60 moments sum up to.
local function sum(raw, ring_offset, moment)
  local total = 0
  for offset = ring_offset, ring_offset + (SLOTS - 1) * SLOT_BYTES, SLOT_BYTES do
    if #raw >= offset + SLOT_BYTES then
      local counts, amount = struct.unpack(SLOT, raw, offset + 1)
      if counts > moment - SLOTS and counts <= moment then
        total = total + amount
      end
    end
  end
  return total
end

-- Executed in the last minute and in the last hour, and for how many seconds, at most an hour, that has been counted.
function statistics.read(partition, queue_id, now_us)
  local raw = redis.call('GET', keys.statistics(partition, queue_id))
  if not raw then
    return 0, 0, 0
  end
  local second = math.floor(now_us / 1e6)
  local counted_s = math.min(SLOTS * 60, math.max(0, second - struct.unpack(START, raw)))
  return sum(raw, START_BYTES, second), sum(raw, MINUTES_OFFSET, math.floor(second / 60)), counted_s
end
