-- Numbers within longer texts (keys, members). Lua's tostring keeps 14 digits; times in microseconds have 16. A number
-- that is an argument of redis.call, or that a script returns, needs no text: Redis keeps all its digits.
local number = {}

function number.text(value)
  return string.format('%d', value)
end
