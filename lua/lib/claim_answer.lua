-- What a claim hands to the dispatcher, and how much more it may take.
local claim_answer = {}

local MOST_INLINE_BYTES = 1048576

function claim_answer.new(credit, inline_bytes)
  return { credit = credit, inline_bytes = inline_bytes, bytes_left = MOST_INLINE_BYTES, queues = {} }
end

-- Hand out one attempt. A record that is too large goes without its string.
function claim_answer.add(answer, found, id, fence, raw)
  if not found.claimed then
    found.claimed = {}
    local n = #answer.queues
    answer.queues[n + 1], answer.queues[n + 2], answer.queues[n + 3] = found.id, found.version, found.claimed
  end
  if #raw > answer.inline_bytes or #raw > answer.bytes_left then
    raw = false
  else
    answer.bytes_left = answer.bytes_left - #raw
  end
  local n = #found.claimed
  found.claimed[n + 1], found.claimed[n + 2], found.claimed[n + 3] = id, fence, raw
  answer.credit = answer.credit - 1
end
