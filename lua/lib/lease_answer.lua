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
    flat = { 'leased', now_us }, ids = {}, count = 0, with_bodies = with_bodies, bytes_left = most_bytes,
    inline_left = MOST_INLINE_BYTES,
  }
end

-- Hand out a task if it fits in, which the first one always does; whether it does. raw: its record, or the beginning of
-- one that is too large and goes without its string.
function lease_answer.add(answer, id, key, header, raw)
  local size, overhead, count = #raw, header.length + header.tag_bytes + header.meta_bytes, answer.count
  if not answer.with_bodies then
    size = overhead
    raw = string.sub(raw, 1, overhead)
  elseif size > lease_answer.LARGEST_INLINE_BYTES then
    size = redis.call('STRLEN', key)
  end
  local bytes_left = answer.bytes_left - TASK_BYTES - size + overhead
  if bytes_left < 0 and count > 0 then
    return false
  end
  if size > lease_answer.LARGEST_INLINE_BYTES or size > answer.inline_left then
    raw = false
  else
    answer.inline_left = answer.inline_left - size
  end
  count = count + 1
  answer.bytes_left, answer.count, answer.ids[count] = bytes_left, count, id
  answer.flat[2 * count + 1], answer.flat[2 * count + 2] = id, raw
  return true
end

function lease_answer.save(answer, partition, request)
  redis.call('SET', keys.leased(partition, request), table.concat(answer.ids, ','), 'PX', REMEMBERED_MS)
end

-- Fill in what this very call has leased before, as far as nothing has happened to the tasks since; whether it has.
function lease_answer.replay(answer, found, request)
  local ids = redis.call('GET', keys.leased(found.partition, request))
  answer.flat[1] = ids and 'again' or 'leased'
  for id in string.gmatch(ids or '', '[^,]+') do
    local key = keys.task(found.partition, found.id, id)
    local raw = redis.call('GETRANGE', key, 0, lease_answer.LARGEST_INLINE_BYTES)
    local header = record.parse(raw)
    if header and header.generation == found.generation and header.fence == tonumber(request) then
      lease_answer.add(answer, id, key, header, raw)
    end
  end
  return ids ~= false
end
