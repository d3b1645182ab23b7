-- What leases and deletions need of a record, without the rest of its header: there are a thousand in one call.
--@include record
local glance = {}

-- Version (at 0), lengths of header, tag and meta, generation (8), expiry (36), schedule time (44), then from flags (66)
-- on: flags, fence, dispatches, first dispatch.
local SEEN = '>BBI2I4I4xxxxxxxxxxxxxxxxxxxxxxxxI8I8xxxxxxxxxxxxxxBI8I4I8'
local seen = {}

-- Some fields of record.parse, or nil for what is no record. The table is the same each time, and holds what was seen
-- last: to make a new one takes longer than to read it.
function glance.header(raw)
  if #raw < record.FIXED_BYTES then
    return nil
  end
  local version
  version, seen.length, seen.tag_bytes, seen.meta_bytes, seen.generation, seen.expiry_us, seen.schedule_us, seen.flags,
    seen.fence, seen.dispatches, seen.first_dispatch_us = struct.unpack(SEEN, raw)
  local is_plain = version == record.VERSION and seen.length == record.FIXED_BYTES and seen.flags < record.OWN_RETRY
  return (is_plain or record.is_sound(raw)) and seen or nil
end
