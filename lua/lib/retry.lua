-- When a failed task is tried again and when it is given up. Pure; the same as broker/model/retry.py.
-- config: max_attempts, max_retry_us, min_backoff_us, max_backoff_us, max_doublings.
local retry = {}

local LARGEST_EXPONENT = 1023

function retry.interval_us(config, failures)
  local doublings = math.min(failures - 1, config.max_doublings)
  local steps = failures - doublings
  if config.min_backoff_us == 0 then
    return 0
  end
  local interval = config.min_backoff_us * 2 ^ math.min(doublings, LARGEST_EXPONENT) * steps
  return math.min(config.max_backoff_us, interval)
end

-- A limit that is not set imposes nothing; of two limits both must be reached.
function retry.is_exhausted(config, failures, since_first_attempt_us)
  local counts, ages = config.max_attempts > 0, config.max_retry_us > 0
  local too_many = failures >= config.max_attempts
  local too_old = since_first_attempt_us >= config.max_retry_us
  if counts and ages then
    return too_many and too_old
  end
  return (counts and too_many) or (ages and too_old)
end
