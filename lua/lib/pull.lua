-- Finding, moving and removing the tasks of a pull queue. `found` is the queue as queue.read gave it.
--@include keys
--@include record
--@include tags
--@include task
local pull = {}

-- Whether the task has been leased as often as it may be: its own limit, or else the queue's. -1 is no limit.
function pull.is_exhausted(found, header, raw)
  local limit = (record.own_retry(raw, header) or found).max_attempts
  return limit >= 0 and header.dispatches >= limit
end

-- The task is leased by a request: it cannot be leased again before lease_end.
function pull.begin_lease(header, request, lease_end, now_us)
  header.fence = tonumber(request)
  header.dispatches = header.dispatches + 1
  header.last_schedule_us = header.schedule_us
  header.last_dispatch_us = now_us
  if header.first_dispatch_us == 0 then
    header.first_dispatch_us = now_us
  end
  header.schedule_us = lease_end
end

-- The task is finished: acknowledged, deleted, or leased once too often.
function pull.remove(found, id, key, header, raw, now_us, request_id)
  tags.forget(found.partition, found.id, id, key, header, raw)
  task.remove(key, id, header, found, now_us, request_id)
end

-- Clear away what `index` holds in place of a live task.
function pull.clear(found, index, id, key, header, raw, now_us)
  redis.call('ZREM', found.eta, id)
  redis.call('ZREM', index, id)
  if header then
    tags.forget(found.partition, found.id, id, key, header, raw)
  end
  task.clear(key, header, raw, found, now_us)
end

-- Tasks to be moved in `eta` and in the indices of their tags, together: scores and ids in turn, of at most 1,000 tasks.
function pull.moves(found)
  return { found = found, eta = {}, by_tag = {} }
end

function pull.note_move(moves, id, header, tag)
  local score = math.min(header.schedule_us, header.expiry_us)
  local eta = moves.eta
  eta[#eta + 1], eta[#eta + 2] = score, id
  if record.is_pull(header) then
    local tagged = moves.by_tag[tag]
    if not tagged then
      tagged = {}
      moves.by_tag[tag] = tagged
    end
    tagged[#tagged + 1], tagged[#tagged + 2] = score, id
  end
end

function pull.move(moves)
  if #moves.eta > 0 then
    redis.call('ZADD', moves.found.eta, unpack(moves.eta))
  end
  for tag, tagged in pairs(moves.by_tag) do
    redis.call('ZADD', tags.index(moves.found, tag), unpack(tagged))
  end
end

-- As task.state, and the beginning of what the key holds.
function pull.find(found, key, now_us)
  local raw = redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  local state, header = task.state(raw, found, now_us)
  return state, header, raw
end
