-- Tasks that are deleted together, at most 1,000 at a time.
--@include keys
--@include record
--@include tags
--@include task
local deletion = {}

function deletion.batch(found, now_us)
  return { found = found, now_us = now_us, ids = {}, unnamed = {}, by_tag = {}, seen = {} }
end

-- One of the queue's live tasks. raw: its record, or the beginning. request_id: 8 bytes, which a tombstone remembers.
function deletion.add(batch, id, key, header, raw, request_id)
  batch.seen[id] = true
  batch.ids[#batch.ids + 1] = id
  if record.is_pull(header) then
    local tag = tags.of(key, header, raw)
    local tagged = batch.by_tag[tag] or {}
    batch.by_tag[tag] = tagged
    tagged[#tagged + 1] = id
  end
  if record.has(header, record.NAMED) then
    task.bury(key, header, batch.now_us + batch.found.tombstone_us, batch.now_us, request_id)
  else
    batch.unnamed[#batch.unnamed + 1] = key
  end
end

-- Free the records of tasks without a name, and take all out of the indices. Until then those records can be read.
function deletion.apply(batch)
  if #batch.ids > 0 then
    redis.call('ZREM', batch.found.eta, unpack(batch.ids))
  end
  for tag, tagged in pairs(batch.by_tag) do
    redis.call('ZREM', tags.index(batch.found, tag), unpack(tagged))
  end
  if #batch.unnamed > 0 then
    redis.call('UNLINK', unpack(batch.unnamed))
  end
end
