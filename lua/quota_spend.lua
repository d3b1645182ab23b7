#!lua flags=allow-oom
-- Count a call against caps a minute, all of them or none. Minutes begin when the clock's do.
-- KEYS
--   partition: prefix of the location's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   location: whose calls are counted
--   * name cap: a quota, and the most calls in a minute
-- Returns the name of the first quota that is used up, and nothing is counted; empty if the call is counted
-- Cost    O(n) for n quotas
-- Safe to repeat: at worst a call counts twice.
--@include clock
--@include keys
--@include number

local MINUTE_US, KEPT_MS = 60 * 1000000, 120 * 1000
local minute = number.text(math.floor(clock.now_us(now_us) / MINUTE_US))

for i = 1, #rows, 2 do
  local used = tonumber(redis.call('GET', keys.quota(partition, location, rows[i], minute)) or 0)
  if used >= tonumber(rows[i + 1]) then
    return rows[i]
  end
end
for i = 1, #rows, 2 do
  local key = keys.quota(partition, location, rows[i], minute)
  redis.call('INCR', key)
  redis.call('PEXPIRE', key, KEPT_MS)
end
return ''
