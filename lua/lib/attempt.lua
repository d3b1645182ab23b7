-- What a claim or a success needs of a record, without the rest of its header: they are the hottest paths.
--@include record
local attempt = {}

-- Version, header length, generation (at 8), expiry (36), schedule time (44), then what a claim changes (66).
local SEEN = '>BBxxxxxxI4xxxxxxxxxxxxxxxxxxxxxxxxI8I8xxxxxxxxxxxxxxBI8I4I8'
-- Version, header length, generation (at 8), birth (20), expiry (36), flags and fence (66).
local OWNER = '>BBxxxxxxI4xxxxxxxxI8xxxxxxxxI8xxxxxxxxxxxxxxxxxxxxxxBI8'
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

-- Whether this is the record's own, running attempt: the task is live, and no later attempt has taken it over.
function attempt.is_own(raw, fence, generation, now_us)
  if not record.is_sound(raw) then
    return false
  end
  local _, _, of_generation, birth, expiry_us, flags, own_fence = struct.unpack(OWNER, raw)
  return own_fence == fence and birth < fence and of_generation == generation and now_us < expiry_us
    and attempt.is_leased(flags)
end

function attempt.is_named(raw)
  return string.byte(raw, record.ATTEMPT_OFFSET + 1) % (2 * record.NAMED) >= record.NAMED
end

function attempt.request_id(raw)
  return string.sub(raw, record.REQUEST_OFFSET + 1, record.REQUEST_OFFSET + 8)
end
