-- What a claim or a success needs of a record, without the rest of its header: they are the hottest paths.
--@include record
local attempt = {}

-- Positions of fields. One format with gaps would be shorter, but each byte of a gap costs as much as a field.
local GENERATION, BIRTH, EXPIRY, FLAGS = 9, 21, 37, 67
local CHANGED = '>BI8I4I8I8I8I8'

function attempt.is_leased(flags)
  return flags % (2 * record.LEASED) >= record.LEASED
end

-- Generation, expiry, schedule time, flags, dispatches and first dispatch; nothing for a string that is no record.
function attempt.read(raw)
  if not record.is_sound(raw) then
    return
  end
  local expiry_us, schedule_us = struct.unpack('>I8I8', raw, EXPIRY)
  local flags, _, dispatches, first_dispatch_us = struct.unpack('>BI8I4I8', raw, FLAGS)
  return struct.unpack('>I4', raw, GENERATION), expiry_us, schedule_us, flags, dispatches, first_dispatch_us
end

-- A dispatch begins. The other arguments are what attempt.read gave; record.begin_attempt does the same to a header.
function attempt.begin(key, fence, now_us, schedule_us, flags, dispatches, first_dispatch_us)
  if not attempt.is_leased(flags) then
    flags = flags + record.LEASED
  end
  if flags % (2 * record.FORCED) >= record.FORCED then
    flags = flags - record.FORCED
  end
  if first_dispatch_us == 0 then
    first_dispatch_us = now_us
  end
  redis.call('SETRANGE', key, record.ATTEMPT_OFFSET,
    struct.pack(CHANGED, flags, fence, dispatches + 1, first_dispatch_us, schedule_us, now_us, 0))
end

-- Whether a string is a record of the task that the attempt was of, and not of an earlier one of its name.
function attempt.is_of(raw, fence)
  return record.is_sound(raw) and struct.unpack('>I8', raw, BIRTH) < tonumber(fence)
end

function attempt.is_named(raw)
  return string.byte(raw, record.ATTEMPT_OFFSET + 1) % (2 * record.NAMED) >= record.NAMED
end

function attempt.request_id(raw)
  return string.sub(raw, record.REQUEST_OFFSET + 1, record.REQUEST_OFFSET + 8)
end
