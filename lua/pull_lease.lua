#!lua flags=allow-oom
-- Lease available tasks of a pull queue: those whose time has passed, by time and name. To lease is to move the task's
-- time to the lease's end, which is the worker's proof of the lease. Tasks that were leased as often as they may be, or
-- are expired or damaged, are dropped on the way. After the call's deadline nothing is leased.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   request: a number that identifies this call for 10 s; the same again answers with the same tasks
--   not_after_us: the call's deadline; 0: none
--   cap: most calls a second that the queue takes, 0: any number. Calls that find nothing count, refused ones do not
--   require_running: 1 if a queue that is paused or disabled is to refuse
--   max_tasks: most tasks to lease, at most 1000
--   lease_us: length of the lease
--   filter: 'any'; 'tag'; 'oldest' for the tag of the first available task, or for its having none
--   tag: the exact tag for the filter 'tag', empty for tasks without one
--   full: 1 with bodies, 0 without
--   most_bytes: most that all bodies, and 64 bytes for each, may come to; the first task is leased in any case
-- Returns a word, now (us), then id and record of each leased task, false for a record that is too large: read it by its
--         key. Words: 'leased' (records show the state before), 'again' (the call had leased them: they show the present
--         state), 'late', 'no_queue', 'not_pull', 'paused', 'capped'
-- Cost    O(n log m) for n tasks of m; at most 1000 leased and 1000 dropped
-- Safe to repeat: the call is remembered.
-- It touches nothing that `due` depends on, so it does not refresh it.
--@include clock
--@include glance
--@include keys
--@include lease_answer
--@include lease_cap
--@include number
--@include pull
--@include queue
--@include record
--@include statistics
--@include tags

local MOST_DROPPED = 1000
local now = clock.now_us(now_us)
local lease_end = now + tonumber(lease_us)
local most_tasks, call = tonumber(max_tasks), tonumber(request)
local answer = lease_answer.new(now, full == '1', tonumber(most_bytes))
local found = queue.read(partition, queue_id, now)
local prefix = keys.task(partition, queue_id, '')
local dropped = 0

local function first_available(index, count)
  return redis.call('ZRANGE', index, '-inf', '(' .. number.text(now), 'BYSCORE', 'LIMIT', 0, count)
end

-- What stands at an id and cannot be leased is dropped.
local function drop(index, id, key, raw)
  local header = record.parse(raw)
  if header and record.is_live(header, found.generation, now) then
    pull.remove(found, id, key, header, raw, now, header.request_id) -- it is exhausted
  else
    pull.clear(found, index, id, key, header, raw, now)
  end
  dropped = dropped + 1
end

-- Header, record (or its beginning) and key of a task that can be leased; nil after dropping one that cannot.
local function available(index, id)
  local key = prefix .. id
  local raw = redis.call('GETRANGE', key, 0, lease_answer.LARGEST_INLINE_BYTES)
  local header = glance.header(raw)
  if header and record.is_live(header, found.generation, now) and not pull.is_exhausted(found, header, raw) then
    return header, raw, key
  end
  drop(index, id, key, raw)
end

-- Lease the first tasks of an index, as many as there is room for; whether there may be more to lease.
local function lease_page(index)
  local wanted = math.min(most_tasks - answer.count, MOST_DROPPED - dropped)
  local ids, moves, has_room = first_available(index, wanted), pull.moves(found), true
  for _, id in ipairs(ids) do
    local header, raw, key = available(index, id)
    if header then
      has_room = lease_answer.add(answer, id, key, header, raw)
      if not has_room then
        break
      end
      pull.begin_lease(key, header, raw, call, lease_end, now)
      pull.note_move(moves, id, header, tags.of(key, header, raw), lease_end)
    end
  end
  pull.move(moves)
  return has_room and #ids == wanted and answer.count < most_tasks and dropped < MOST_DROPPED
end

-- The index to lease from, or nil if nothing is available.
local function chosen_index()
  if filter ~= 'oldest' then
    return filter == 'any' and found.eta or tags.index(found, tag)
  end
  local id = first_available(found.eta, 1)[1]
  while id and dropped < MOST_DROPPED do
    local header, raw, key = available(found.eta, id)
    if header then
      return tags.index(found, tags.of(key, header, raw))
    end
    id = first_available(found.eta, 1)[1]
  end
end

local function refusal()
  if not_after_us ~= '0' and now > tonumber(not_after_us) then
    return 'late'
  elseif found.kind ~= 'PULL' then
    return 'not_pull'
  elseif require_running == '1' and found.state ~= 'RUNNING' then
    return 'paused'
  elseif cap ~= '0' and not lease_cap.take(partition, queue_id, now, tonumber(cap)) then
    return 'capped'
  end
end

if not found then
  return { 'no_queue', now }
end
if lease_answer.replay(answer, found, request) then
  return answer.flat
end
local refused = refusal()
if refused then
  return { refused, now }
end
local index = chosen_index()
while index and lease_page(index) do end
if answer.count > 0 then
  lease_answer.save(answer, partition, request)
  statistics.count(partition, queue_id, now, answer.count)
end
return answer.flat
