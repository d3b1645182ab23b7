-- How a queue slows down when its target is overloaded, and starts slowly. Pure; the same as broker/model/throttle.py.
local throttle = {}

local STEP_US = 1000000
local SMALLEST_FACTOR, FALL, RISE = 0.01, 0.5, 0.05
local RAMP_BEGINS_AT, RAMP_GROWTH, RAMP_STEP_US, MOST_RAMP_STEPS = 500, 1.5, 300000000, 100

throttle.RAMP_IDLE_US = 300000000 -- a queue that has not dispatched for so long begins anew
throttle.RAMP_BURST = 100

-- Whether the factor changes now that an attempt has ended, and to what. At most once a second.
function throttle.change(factor, changed_us, now_us, overloaded)
  local since_us = now_us - changed_us -- negative after the clock has stepped back
  if (since_us >= 0 and since_us < STEP_US) or (factor >= 1 and not overloaded) then
    return false, factor
  end
  if overloaded then
    return true, math.max(SMALLEST_FACTOR, factor * FALL)
  end
  return true, math.min(1, factor + RISE)
end

-- The most dispatches a second, so long after a queue began to dispatch.
function throttle.ramp_rate(since_start_us)
  local steps = math.floor(math.max(0, since_start_us) / RAMP_STEP_US)
  return RAMP_BEGINS_AT * RAMP_GROWTH ^ math.min(steps, MOST_RAMP_STEPS)
end
