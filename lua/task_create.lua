#!lua
-- Add tasks to queues of one partition.
-- KEYS
--   partition: prefix of the queues' partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   horizon_us: how far in the future a task may be scheduled
--   * queue_id task_id keeps_past draft: one task each. keeps_past: 1 if a time in the past is to stay; draft: the record
--     as lib/record has it, with the request that creates it, and zeros for what the store alone knows; its schedule
--     time is zero for now
-- Returns code, create time, schedule time (us) and the queue's sampling ratio for each task, as one flat list; the
--         ratio as text, or 0. Codes: 'created', 'exists',
--         'tombstoned' (the name was used too recently), 'no_queue', 'too_far' (beyond the horizon), 'wrong_kind' (a pull
--         task in a push queue, or the reverse)
-- Cost    O(n log m) for n tasks into queues of m; n <= 500
-- Not safe to repeat for a task without a name: it may have run in between. The caller looks it up by its request.
--@include attempt
--@include clock
--@include draft
--@include due
--@include number
--@include queue
--@include record
--@include sequence
--@include tags
--@include task

local ROW = 4
local now = clock.now_us(now_us)
local birth = sequence.last_fence(partition)
local touched, answers = {}, {}
local scored_us, scored_text

local function answer(found, code, create_us, schedule_us)
  local n = #answers
  answers[n + 1], answers[n + 2], answers[n + 3] = code, create_us or 0, schedule_us or 0
  answers[n + 4] = found and found.ratio_text or 0
end

-- What is at a task's key stands in the way of a new one; or nothing does, for it is dead, and now forgotten.
local function is_refused(found, id, key, raw, request, named)
  local state, was = task.state(raw, found, now)
  if state == 'live' then
    local again = was.request_id == request
    answer(found, again and 'created' or 'exists', again and was.create_us, again and was.schedule_us)
    return true
  elseif state == 'tombstoned' and named then
    answer(found, 'tombstoned')
    return true
  end
  local dead = record.parse(raw)
  if dead then
    tags.forget(partition, found.id, id, key, dead, raw) -- nobody would find it there once the record is overwritten
  end
end

-- A time as text: Redis would make one for each task, and tasks of one call mostly share theirs.
local function score(time_us)
  if time_us ~= scored_us then
    scored_us, scored_text = time_us, number.text(time_us)
  end
  return scored_text
end

local function create(found, id, keeps_past, packed)
  local key = found.records .. id
  local request, wanted_us, tag = draft.read(packed)
  local schedule_us = keeps_past and wanted_us or math.max(now, wanted_us)
  local fault = (tag ~= nil) ~= (found.kind == 'PULL') and 'wrong_kind' or schedule_us > now + horizon_us and 'too_far'
  local raw = draft.complete(packed, found.stamp, request, schedule_us)
  -- As a rule nothing is at the key: then this is all it takes.
  local there = fault and redis.call('GET', key) or not fault and redis.call('SET', key, raw, 'NX', 'GET')
  if there and is_refused(found, id, key, there, request, attempt.is_named(packed)) then
    return
  elseif fault then
    return answer(found, fault)
  elseif there then
    redis.call('SET', key, raw)
  end
  if not found.names and attempt.is_named(packed) then
    queue.note_names(partition, found)
  end
  local n = #found.added
  found.added[n + 1], found.added[n + 2] = score(math.min(schedule_us, found.expiry_us)), id
  if tag then
    local tagged = found.tagged[tag] or {}
    local m = #tagged
    tagged[m + 1], tagged[m + 2], found.tagged[tag] = found.added[n + 1], id, tagged
  end
  answer(found, 'created', now, schedule_us)
end

-- As text: a number would lose its fraction on the way.
local function ratio_text(found)
  local ratio = found.sampling_ratio or 0
  return ratio > 0 and string.format('%.17g', ratio) or 0
end

local function read_queue(id)
  local found = queue.read(partition, id, now)
  if found then
    found.added, found.tagged, found.ratio_text = {}, {}, ratio_text(found)
    found.expiry_us = now + found.task_ttl_us
    found.stamp = draft.stamp(found.generation, birth, now, found.expiry_us)
  end
  return found or false
end

for i = 1, #rows, ROW do
  local id = rows[i]
  if touched[id] == nil then
    touched[id] = read_queue(id)
  end
  if touched[id] then
    create(touched[id], rows[i + 1], rows[i + 2] == '1', rows[i + 3])
  else
    answer(false, 'no_queue')
  end
end
for _, found in pairs(touched) do
  if found then
    if #found.added > 0 then
      redis.call('ZADD', found.eta, unpack(found.added))
    end
    for tag, tagged in pairs(found.tagged) do
      redis.call('ZADD', tags.index(found, tag), unpack(tagged))
    end
    due.refresh(partition, found, now)
  end
end
return answers
