-- Key names under a partition's prefix, {hr:17}. broker/store/keys.py lists the same names for readers.
local keys = {}

function keys.sequence(partition) return partition .. ':seq' end

function keys.queue_names(partition) return partition .. ':queues' end

function keys.queue_ids(partition) return partition .. ':ids' end

function keys.due(partition) return partition .. ':due' end

function keys.run(partition) return partition .. ':run' end

function keys.garbage(partition) return partition .. ':garbage' end

function keys.wake_channel(partition) return partition .. ':wake' end

function keys.claim(partition, owner) return partition .. ':claim:' .. owner end

function keys.queue_tombstone(partition, name) return partition .. ':gone:' .. name end

function keys.queue_tombstones(partition) return partition .. ':tombstones' end

function keys.operations(partition) return partition .. ':operations' end

function keys.operation(partition, name) return partition .. ':operation:' .. name end

function keys.config(partition, queue) return partition .. ':' .. queue end

function keys.leases(partition, queue) return partition .. ':' .. queue .. ':l' end

function keys.eta(partition, queue, generation) return partition .. ':' .. queue .. ':e' .. generation end

function keys.tag(partition, queue, generation, tag)
  return keys.eta(partition, queue, generation) .. ':t:' .. tag
end

function keys.lease_cap(partition, queue) return partition .. ':' .. queue .. ':c' end

function keys.leased(partition, request) return partition .. ':leased:' .. request end

function keys.statistics(partition, queue) return partition .. ':' .. queue .. ':s' end

function keys.task(partition, queue, task) return partition .. ':' .. queue .. ':t:' .. task end

function keys.quota(partition, location, name, minute)
  return partition .. ':quota:' .. location .. ':' .. name .. ':' .. minute
end
