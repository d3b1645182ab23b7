-- Numbers as text. Lua's tostring keeps 14 digits; times in microseconds need 16.
local number = {}

function number.whole(value)
  return string.format('%.0f', value)
end

function number.exact(value)
  return string.format('%.17g', value)
end
