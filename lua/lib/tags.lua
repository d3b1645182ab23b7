-- The tasks of a pull queue by tag: one index a tag, in the order of `eta`, and one for the tasks without a tag. Whoever
-- moves or removes a pull task in `eta` does so here.
--@include keys
--@include number
--@include record
local tags = {}

-- The index of a tag among a queue's present tasks.
function tags.index(found, tag)
  return keys.tag(found.partition, found.id, number.text(found.generation), tag)
end

-- Forget, in one generation of a queue, which nobody reads any more, all tasks that have one of these tags (tag -> true),
-- and those without: whatever their records are by now, for a damaged one does not tell its tag.
function tags.forget_all(partition, queue_id, generation, by_tag)
  by_tag[''] = true
  for tag in pairs(by_tag) do
    redis.call('UNLINK', keys.tag(partition, queue_id, generation, tag))
  end
end

-- A task's tag. raw: the start of the record at the key, at least a whole header.
function tags.of(key, header, raw)
  local last = header.length + header.tag_bytes
  if #raw < last then
    raw = redis.call('GETRANGE', key, 0, last - 1)
  end
  return string.sub(raw, header.length + 1, last)
end

-- Forget a task that goes, or that has gone, in the index of its own generation.
function tags.forget(partition, queue_id, id, key, header, raw)
  if record.is_pull(header) then
    local index = keys.tag(partition, queue_id, number.text(header.generation), tags.of(key, header, raw))
    redis.call('ZREM', index, id)
  end
end
