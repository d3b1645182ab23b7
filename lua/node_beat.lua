#!lua flags=allow-oom
-- A dispatcher says that it lives, and learns who else does.
-- KEYS
--   nodes: the set of live dispatchers
-- ARGV
--   now_us: test clock, or 0
--   node: this dispatcher's id
--   alive: 1, or 0 to take leave
--   silence_us: a dispatcher not heard of for so long is forgotten
-- Returns the ids of the live dispatchers
-- Cost    O(n) for n dispatchers
-- Safe to repeat.
--@include clock
--@include number

local now = clock.now_us(now_us)

redis.call('ZREMRANGEBYSCORE', nodes, '-inf', now - silence_us)
-- What lies ahead was written before the clock stepped back.
redis.call('ZREMRANGEBYSCORE', nodes, '(' .. number.text(now), '+inf')
if alive == '0' then
  redis.call('ZREM', nodes, node)
else
  redis.call('ZADD', nodes, now, node)
end
return redis.call('ZRANGE', nodes, 0, -1)
