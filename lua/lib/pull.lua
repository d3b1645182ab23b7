-- Finding, moving and removing the tasks of a pull queue. `found` is the queue as queue.read gave it.
--@include glance
--@include keys
--@include number
--@include record
--@include tags
--@include task
local pull = {}

-- Schedule time, what does not change (8 bytes on), fence; and dispatches, first dispatch, last schedule, last dispatch.
local CHANGED = '>I8c15I8'
local LEASED = '>I8c15I8I4I8I8I8'

local KEPT_FIRST, KEPT_LAST = record.MUTABLE_OFFSET + 9, record.ATTEMPT_OFFSET + 1

-- Whether the task has been leased as often as it may be: its own limit, or else the queue's. -1 is no limit.
function pull.is_exhausted(found, header, raw)
  local own = header.flags >= record.OWN_RETRY and record.own_retry(raw, header)
  local limit = (own or found).max_attempts
  return limit >= 0 and header.dispatches >= limit
end

-- The task is leased by a request: it cannot be leased again before lease_end. raw: its record, or the beginning.
function pull.begin_lease(key, header, raw, request, lease_end, now_us)
  local kept, first_us = string.sub(raw, KEPT_FIRST, KEPT_LAST), header.first_dispatch_us
  redis.call('SETRANGE', key, record.MUTABLE_OFFSET, struct.pack(LEASED, lease_end, kept, request,
    header.dispatches + 1, first_us == 0 and now_us or first_us, header.schedule_us, now_us))
end

-- The lease that the task has ends at another time, which a request has set.
function pull.change_lease(key, raw, request, lease_end)
  local kept = string.sub(raw, KEPT_FIRST, KEPT_LAST)
  redis.call('SETRANGE', key, record.MUTABLE_OFFSET, struct.pack(CHANGED, lease_end, kept, request))
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
  return { found = found, size = 0, eta = {}, by_tag = {} }
end

-- The task's time becomes schedule_us, or the end of its life if that comes first. It is written as text once for all
-- that have it: that takes longer than to move a task.
function pull.note_move(moves, id, header, tag, schedule_us)
  local at_us = schedule_us < header.expiry_us and schedule_us or header.expiry_us
  if moves.at_us ~= at_us then
    moves.at_us, moves.at = at_us, number.text(at_us)
  end
  local eta, n = moves.eta, moves.size
  eta[n + 1], eta[n + 2], moves.size = moves.at, id, n + 2
  if record.is_pull(header) then
    local tagged = moves.by_tag[tag]
    if not tagged then
      tagged = { size = 0 }
      moves.by_tag[tag] = tagged
    end
    n = tagged.size
    tagged[n + 1], tagged[n + 2], tagged.size = moves.at, id, n + 2
  end
end

function pull.move(moves)
  if moves.size > 0 then
    redis.call('ZADD', moves.found.eta, unpack(moves.eta))
  end
  for tag, tagged in pairs(moves.by_tag) do
    redis.call('ZADD', tags.index(moves.found, tag), unpack(tagged))
  end
end

-- As task.state, and the beginning of what the key holds. The header is that of glance.
function pull.find(found, key, now_us)
  local raw = redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  local header = glance.header(raw)
  if header and record.is_live(header, found.generation, now_us) then
    return 'live', header, raw
  end
  local state, removed_by = task.state(raw, found, now_us)
  return state, removed_by, raw
end
