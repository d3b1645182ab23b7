-- The end of a queue, or of all that it holds: readers lose it at once, the janitor frees its tasks later.
--@include due
--@include keys
local removal = {}

-- The queue's id will not be used again: tasks and attempts that go by it are left to the janitor.
function removal.retire_id(partition, id, now_us)
  local generation = redis.call('HGET', keys.config(partition, id), 'generation')
  redis.call('ZADD', keys.garbage(partition), now_us, id .. ':' .. generation)
  due.remove(partition, id)
end

function removal.delete_queue(partition, id, name, now_us)
  removal.retire_id(partition, id, now_us)
  redis.call('DEL', keys.config(partition, id))
  redis.call('HDEL', keys.queue_ids(partition), name)
  redis.call('ZREM', keys.queue_names(partition), name)
end
