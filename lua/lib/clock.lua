-- The one reading of time in a script: microseconds since the epoch. TIME is not frozen within a script, so read it once.
-- A test passes its own time; '0' asks the server.
local clock = {}

function clock.now_us(override)
  if override ~= '0' then
    return tonumber(override)
  end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
