#!lua flags=allow-oom
-- Forget what some of a project's queues hold: the queues too, without a trace, or all but their configurations. A queue
-- that stays gets another id, so that the names of its earlier tasks are free and their attempts change nothing.
-- KEYS
--   partition: prefix of the partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   prefix: what the names of the project's queues begin with, projects/P/
--   after: the last name of the round so far, or empty
--   keep: 1 to keep the queues and their configurations
--   limit: most queues to visit, at most 100
-- Returns the number of queues visited, and the last name, empty at the round's end
-- Cost    O(limit log q) for q queues of the partition, whatever the number of tasks
-- Safe to repeat: a queue that was reset is reset again.
--@include clock
--@include keys
--@include number
--@include removal
--@include sequence

local now = clock.now_us(now_us)

local function renew(id, name)
  local fresh = number.text(sequence.next_id(partition))
  removal.retire_id(partition, id, now)
  local config = keys.config(partition, fresh)
  redis.call('RENAME', keys.config(partition, id), config)
  redis.call('HDEL', config, 'last_request', 'purge_us', 'throttle', 'throttled_us', 'ramp_us', 'dispatched_us', 'names')
  redis.call('HSET', config, 'generation', sequence.next_id(partition), 'tokens', redis.call('HGET', config, 'burst'),
    'refilled_us', now)
  redis.call('HSET', keys.queue_ids(partition), name, fresh)
end

local from = after == '' and '[' .. prefix or '(' .. after
local names = redis.call('ZRANGE', keys.queue_names(partition), from, '(' .. prefix .. '\255', 'BYLEX', 'LIMIT', 0, limit)
for _, name in ipairs(names) do
  local id = redis.call('HGET', keys.queue_ids(partition), name)
  if keep == '1' then
    renew(id, name)
  else
    removal.delete_queue(partition, id, name, now)
  end
end
return { #names, #names == tonumber(limit) and names[#names] or '' }
