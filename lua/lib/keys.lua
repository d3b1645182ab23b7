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

function keys.config(partition, queue) return partition .. ':' .. queue end

function keys.leases(partition, queue) return partition .. ':' .. queue .. ':l' end

function keys.eta(partition, queue, generation) return partition .. ':' .. queue .. ':e' .. generation end

function keys.task(partition, queue, task) return partition .. ':' .. queue .. ':t:' .. task end
