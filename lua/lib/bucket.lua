-- Token bucket arithmetic. Pure; the same as broker/model/bucket.py. A clock that steps back adds nothing and blocks nothing.
local bucket = {}

local BATCH_S = 0.010

function bucket.refilled(tokens, refilled_us, rate, burst, now_us)
  local elapsed_s = math.max(0, now_us - refilled_us) / 1e6
  return math.min(burst, tokens + elapsed_s * rate)
end

-- When a claim is worth while: now if a token is there, else once a small batch has gathered.
function bucket.next_claim_us(tokens, rate, burst, now_us)
  if tokens >= 1 then
    return now_us
  end
  local batch = math.min(burst, math.max(1, rate * BATCH_S))
  return now_us + math.ceil((batch - tokens) / rate * 1e6)
end
