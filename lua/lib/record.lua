-- The task record: a binary header in front of the immutable payload. broker/store/record.py reads the same layout.
--
--   offset  0 version (1) | 1 header length | 2 tag length (2) | 4 meta length (4) | 8 generation (4)
--          12 request id (8) | 20 birth fence (8) | 28 create time | 36 expiry
--          44 schedule time | 52 responses (4) | 56 answers but 5xx (4) | 60 ended attempts (4) | 64 last status (2)
--          66 flags (1) | 67 fence | 75 dispatches (4) | 79 first dispatch | 87 last schedule | 95 last dispatch | 103 last response
--         111 own retry configuration, if flagged: attempts (4) | duration | min | max back-off | doublings (4)
--         header length: tag, meta (JSON), body
--
-- A pull task has no meta; its schedule time is the end of its lease, its fence the request that set it.
-- Times are microseconds. Bytes 44 to 110 change, 66 to 110 at a claim, unless the lease tells of the attempt
-- (lib/first_attempt). A key may hold a tombstone instead:
-- 'T' | expiry (8) | request id (8).
local record = {}

local FIXED = '>BBI2I4I4c8I8I8I8I8I4I4I4I2BI8I4I8I8I8I8'
local MUTABLE = '>I8I4I4I4I2BI8I4I8I8I8I8'
local OWN_RETRY = '>i4I8I8I8I4'
local OWN_RETRY_BYTES = 32
local VERSION, TOMBSTONE = 1, 84

record.VERSION, record.FIXED_BYTES = VERSION, 111
record.REQUEST_OFFSET = 12
record.MUTABLE_OFFSET = 44
record.ATTEMPT_OFFSET = 66
record.LONGEST_HEADER_BYTES = 255
record.NAMED, record.LEASED, record.FORCED, record.OWN_RETRY = 1, 2, 4, 8

function record.has(header, flag)
  return header.flags % (2 * flag) >= flag
end

function record.set(header, flag, on)
  if record.has(header, flag) ~= on then
    header.flags = header.flags + (on and flag or -flag)
  end
end

-- Whether a string begins with a header that its fields fit into; not so a tombstone or what is short or unknown.
function record.is_sound(raw)
  if not raw or #raw < record.FIXED_BYTES then
    return false
  end
  local version, length = string.byte(raw, 1, 2)
  local flags = string.byte(raw, record.ATTEMPT_OFFSET + 1)
  return version == VERSION and #raw >= length and length >= record.FIXED_BYTES + (flags % 16 >= record.OWN_RETRY and OWN_RETRY_BYTES or 0)
end

-- The header of a record, or nil for anything that is none.
function record.parse(raw)
  if not record.is_sound(raw) then
    return nil
  end
  local _, length, tag_bytes, meta_bytes, generation, request_id, birth, create_us, expiry_us, schedule_us, responses,
    answers, ended, last_status, flags, fence, dispatches, first_dispatch_us, last_schedule_us, last_dispatch_us,
    last_response_us = struct.unpack(FIXED, raw)
  return {
    length = length, tag_bytes = tag_bytes, meta_bytes = meta_bytes, generation = generation, request_id = request_id,
    birth = birth, create_us = create_us, expiry_us = expiry_us, schedule_us = schedule_us, responses = responses,
    answers = answers, ended = ended, last_status = last_status, flags = flags, fence = fence, dispatches = dispatches,
    first_dispatch_us = first_dispatch_us, last_schedule_us = last_schedule_us, last_dispatch_us = last_dispatch_us,
    last_response_us = last_response_us,
  }
end

-- Pull tasks say nothing but a tag and a body.
function record.is_pull(header)
  return header.meta_bytes == 0
end

function record.read(key)
  return record.parse(redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1))
end

-- The task's own retry configuration, or nil if the queue's holds.
function record.own_retry(raw_or_key_range, header)
  if not record.has(header, record.OWN_RETRY) then
    return nil
  end
  local config = {}
  config.max_attempts, config.max_retry_us, config.min_backoff_us, config.max_backoff_us, config.max_doublings =
    struct.unpack(OWN_RETRY, raw_or_key_range, record.FIXED_BYTES + 1)
  return config
end

function record.mutable_part(header)
  return struct.pack(MUTABLE, header.schedule_us, header.responses, header.answers, header.ended, header.last_status,
    header.flags, header.fence, header.dispatches, header.first_dispatch_us, header.last_schedule_us,
    header.last_dispatch_us, header.last_response_us)
end

-- Write back what may change. The caller has read the header in the same script, so the key is there and long enough.
function record.update(key, header)
  redis.call('SETRANGE', key, record.MUTABLE_OFFSET, record.mutable_part(header))
end

-- A dispatch begins: the last attempt is replaced whole, the first one's time stays for ever.
function record.begin_attempt(header, fence, now_us)
  header.fence = fence
  header.dispatches = header.dispatches + 1
  header.last_schedule_us = header.schedule_us
  header.last_dispatch_us = now_us
  header.last_response_us = 0
  if header.first_dispatch_us == 0 then
    header.first_dispatch_us = now_us
  end
  record.set(header, record.LEASED, true)
end

-- Whether readers see the task: it is of the queue's present generation and not past its expiry.
function record.is_live(header, generation, now_us)
  return header.generation == generation and now_us < header.expiry_us
end

-- Whether an attempt belongs to this task, and not to one that had its name before.
function record.has_attempt(header, fence, generation, now_us)
  return record.is_live(header, generation, now_us) and header.birth < tonumber(fence)
end

function record.tombstone(expiry_us, request_id)
  return struct.pack('>BI8c8', TOMBSTONE, expiry_us, request_id)
end

-- Expiry (us) and request id of a tombstone, or nil.
function record.parse_tombstone(raw)
  if not raw or #raw < 17 or string.byte(raw, 1) ~= TOMBSTONE then
    return nil
  end
  local _, expiry_us, request_id = struct.unpack('>BI8c8', raw)
  return expiry_us, request_id
end
