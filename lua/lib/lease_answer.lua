-- What a lease call hands to its worker, and how much more it may; kept for a while, so that the call can be answered
-- again when the answer was lost.
--@include keys
--@include record
local lease_answer = {}

local TASK_BYTES = 64 -- what a task counts besides its body
local MOST_INLINE_BYTES = 2097152
local REMEMBERED_MS = 10000

lease_answer.LARGEST_INLINE_BYTES = 16384

-- with_bodies: whether the worker wants the bodies, which together may have most_bytes.
function lease_answer.new(now_us, with_bodies, most_bytes)
  return {
    flat = { 'leased', now_us }, ids = {}, with_bodies = with_bodies, bytes_left = most_bytes,
    inline_left = MOST_INLINE_BYTES,
  }
end

-- Whether one more task fits in; the first one always does. raw: its record, or the beginning of one that is too large.
function lease_answer.has_room(answer, key, header, raw)
  local bytes = TASK_BYTES
  if answer.with_bodies then
    local size = #raw > lease_answer.LARGEST_INLINE_BYTES and redis.call('STRLEN', key) or #raw
    bytes = bytes + size - header.length - header.tag_bytes - header.meta_bytes
  end
  answer.bytes_left = answer.bytes_left - bytes
  return answer.bytes_left >= 0 or #answer.ids == 0
end

-- Hand out a task. A record that is too large goes without its string.
function lease_answer.add(answer, id, header, raw)
  if not answer.with_bodies then
    raw = string.sub(raw, 1, header.length + header.tag_bytes + header.meta_bytes)
  end
  if #raw > lease_answer.LARGEST_INLINE_BYTES or #raw > answer.inline_left then
    raw = false
  else
    answer.inline_left = answer.inline_left - #raw
  end
  local n = #answer.flat
  answer.flat[n + 1], answer.flat[n + 2] = id, raw
  answer.ids[#answer.ids + 1] = id
end

function lease_answer.save(answer, partition, request)
  redis.call('SET', keys.leased(partition, request), table.concat(answer.ids, ','), 'PX', REMEMBERED_MS)
end

-- Fill in what this very call has leased before, as far as nothing has happened to the tasks since; whether it has.
function lease_answer.replay(answer, found, request)
  local ids = redis.call('GET', keys.leased(found.partition, request))
  for id in string.gmatch(ids or '', '[^,]+') do
    local key = keys.task(found.partition, found.id, id)
    local raw = redis.call('GETRANGE', key, 0, lease_answer.LARGEST_INLINE_BYTES)
    local header = record.parse(raw)
    if header and header.generation == found.generation and header.fence == tonumber(request) then
      lease_answer.add(answer, id, header, raw)
    end
  end
  return ids ~= false
end
