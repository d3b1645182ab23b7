-- What leases and deletions need of a record, without the rest of its header: there are a thousand in one call.
--@include record
local glance = {}

-- Positions of the expiry and of the flags. In a single format each byte between the fields would cost as much as a field.
local EXPIRY, FLAGS = 37, 67
local seen = {}

-- Some fields of record.parse, or nil for what is no record. The table is the same each time, and holds what was seen
-- last: to make a new one takes longer than to read it.
function glance.header(raw)
  if #raw < record.FIXED_BYTES then
    return nil
  end
  local version
  version, seen.length, seen.tag_bytes, seen.meta_bytes, seen.generation = struct.unpack('>BBI2I4I4', raw)
  seen.expiry_us, seen.schedule_us = struct.unpack('>I8I8', raw, EXPIRY)
  seen.flags, seen.fence, seen.dispatches, seen.first_dispatch_us = struct.unpack('>BI8I4I8', raw, FLAGS)
  local is_plain = version == record.VERSION and seen.length == record.FIXED_BYTES and seen.flags < record.OWN_RETRY
  return (is_plain or record.is_sound(raw)) and seen or nil
end
