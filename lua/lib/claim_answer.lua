-- What a claim hands to the dispatcher, and how much more it may take. A large task counts as several.
local claim_answer = {}

local MOST_INLINE_BYTES = 1048576

function claim_answer.new(credit, inline_bytes, slot_bytes)
  return {
    credit = credit, inline_bytes = inline_bytes, slot_bytes = slot_bytes, bytes_left = MOST_INLINE_BYTES, queues = {},
  }
end

-- Hand out one attempt. Of a record that is too large the size goes out instead. raw: as claim_batch.read gave it.
function claim_answer.add(answer, found, id, fence, raw)
  if not found.claimed then
    found.claimed = {}
    local n = #answer.queues
    answer.queues[n + 1], answer.queues[n + 2], answer.queues[n + 3] = found.id, found.version, found.claimed
  end
  local handed, slots = raw, 1
  if #raw > answer.inline_bytes or #raw > answer.bytes_left then
    handed = #raw > answer.inline_bytes and redis.call('STRLEN', found.records .. id) or #raw
    slots = 1 + math.floor(handed / answer.slot_bytes)
  else
    answer.bytes_left = answer.bytes_left - #raw
  end
  local n = #found.claimed
  found.claimed[n + 1], found.claimed[n + 2], found.claimed[n + 3] = id, fence, handed
  answer.credit = answer.credit - slots
end
