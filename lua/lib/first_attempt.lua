-- A task's first attempt is as a rule not written into its record: most succeed, and the record goes. Its lease tells it:
-- a member task:fence among the queue's leases, with the same end as the task has in `eta`, whose fence is the moment of
-- the dispatch. Whatever changes that end, or ends the attempt otherwise than by success, writes it down.
--@include lease
--@include record
local first_attempt = {}

local MOST_LEASES = 1000

-- Whether an attempt that begins now is told by its lease. dispatches: those before.
function first_attempt.needs_no_record(dispatches, fence, now_us, lease_end, expiry_us)
  return dispatches == 0 and fence == now_us and lease_end < expiry_us
end

-- Add an attempt that holds its lease to a header that tells of none.
function first_attempt.recall(header, fence)
  if header.dispatches == 0 and header.birth < fence then
    record.begin_attempt(header, fence, fence)
  end
end

-- Fences by task, of the leases that end at one moment: those of one claim. They are read once.
local function fences_at(found, at_us)
  found.fences = found.fences or {}
  if not found.fences[at_us] then
    local fences = {}
    for _, member in ipairs(redis.call('ZRANGE', found.leases, at_us, at_us, 'BYSCORE', 'LIMIT', 0, MOST_LEASES)) do
      local id, fence = lease.parse(member)
      fences[id] = tonumber(fence)
    end
    found.fences[at_us] = fences
  end
  return found.fences[at_us]
end

-- Add the attempt that a live task has by its lease, if any, to its header. at_us: its time in `eta`, as Redis tells it.
function first_attempt.complete(found, id, header, at_us)
  if header.dispatches == 0 and at_us and tonumber(at_us) ~= math.min(header.schedule_us, header.expiry_us) then
    local fence = fences_at(found, at_us)[id]
    if fence then
      first_attempt.recall(header, fence)
    end
  end
end

-- The record, or its beginning, with that attempt.
function first_attempt.shown(found, id, header, raw, at_us)
  local before = header.dispatches
  first_attempt.complete(found, id, header, at_us)
  return header.dispatches == before and raw or string.sub(raw, 1, record.MUTABLE_OFFSET)
    .. record.mutable_part(header) .. string.sub(raw, record.FIXED_BYTES + 1)
end

-- Write down the attempts of these leases, members of the queue's, before they are forgotten.
function first_attempt.write(found, members, now_us)
  for _, member in ipairs(members) do
    local id, fence = lease.parse(member)
    local key = found.records .. id
    local header = record.read(key)
    if header and header.dispatches == 0 and record.has_attempt(header, fence, found.generation, now_us) then
      first_attempt.recall(header, tonumber(fence))
      record.update(key, header)
    end
  end
end
