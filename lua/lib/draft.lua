-- A new task's record as a caller packs it, with zeros for what the store alone knows. lib/record has its layout.
local draft = {}

local REQUEST_AT, BIRTH_AT, SCHEDULE_AT, RESPONSES_AT, FENCE_AT, DISPATCHES_AT = 13, 21, 45, 53, 68, 76 -- positions, from 1

-- Its request id, the time it is wanted at (0: now), and its tag if it is a pull task.
function draft.read(packed)
  local request_id = string.sub(packed, REQUEST_AT, BIRTH_AT - 1)
  local wanted_us = struct.unpack('>I8', packed, SCHEDULE_AT)
  if struct.unpack('>I4', packed, 5) > 0 then -- length of the meta
    return request_id, wanted_us
  end
  local length, tag_bytes = struct.unpack('>BI2', packed, 2)
  return request_id, wanted_us, string.sub(packed, length + 1, length + tag_bytes)
end

-- What all records of one queue and one call share, packed once.
function draft.stamp(generation, birth, create_us, expiry_us)
  return {
    generation = struct.pack('>I4', generation), times = struct.pack('>I8I8I8', birth, create_us, expiry_us),
    birth = struct.pack('>I8', birth), schedules = {},
  }
end

-- The record.
function draft.complete(packed, stamp, request_id, schedule_us)
  local schedule = stamp.schedules[schedule_us]
  if not schedule then
    schedule = struct.pack('>I8', schedule_us)
    stamp.schedules[schedule_us] = schedule
  end
  return string.sub(packed, 1, 8) .. stamp.generation .. request_id .. stamp.times .. schedule
    .. string.sub(packed, RESPONSES_AT, FENCE_AT - 1) .. stamp.birth .. string.sub(packed, DISPATCHES_AT)
end
