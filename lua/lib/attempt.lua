-- What a claim reads and changes of a record, without the rest of its header: claims are the hottest path.
--@include record
local attempt = {}

-- Version, header length, generation (at 8), expiry (36), schedule time (44), then what a claim changes (66).
local SEEN = '>BBxxxxxxI4xxxxxxxxxxxxxxxxxxxxxxxxI8I8xxxxxxxxxxxxxxBI8I4I8'
local CHANGED = '>BI8I4I8I8I8I8'

function attempt.is_leased(flags)
  return flags % (2 * record.LEASED) >= record.LEASED
end

-- Generation, expiry, schedule time, flags, dispatches and first dispatch; nothing for a string that is no record.
function attempt.read(raw)
  if not record.is_sound(raw) then
    return
  end
  local _, _, generation, expiry_us, schedule_us, flags, _, dispatches, first_dispatch_us = struct.unpack(SEEN, raw)
  return generation, expiry_us, schedule_us, flags, dispatches, first_dispatch_us
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
