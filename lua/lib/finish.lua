-- Tasks that succeeded, removed together: most attempts do, and one by one each would cost two more calls.
--@include attempt
--@include lease
--@include record
local finish = {}

function finish.batch()
  return { ids = {}, members = {}, unnamed = {}, fences = {}, numbers = {} }
end

-- Remove a task whose own attempt succeeded; whether it is one. raw: the start of the string at the key.
function finish.add(batch, found, key, id, fence, raw, now_us)
  if not batch.numbers[fence] then
    batch.numbers[fence] = tonumber(fence) -- most have come from one claim, and share it
  end
  if batch.fences[key] or not attempt.is_own(raw, batch.numbers[fence], found.generation, now_us) then
    return false
  end
  local n = #batch.ids + 1
  batch.ids[n], batch.members[n], batch.fences[key] = id, lease.member(id, fence), fence
  if attempt.is_named(raw) and found.tombstone_us > 0 then
    redis.call('SET', key, record.tombstone(now_us + found.tombstone_us, attempt.request_id(raw)),
      'PX', math.ceil(found.tombstone_us / 1000))
  else
    batch.unnamed[#batch.unnamed + 1] = key
  end
  return true
end

-- Take the tasks out of the indexes, once every attempt of the batch has been looked at.
function finish.apply(batch, found)
  if #batch.ids > 0 then
    redis.call('ZREM', found.leases, unpack(batch.members))
    redis.call('ZREM', found.eta, unpack(batch.ids))
  end
  if #batch.unnamed > 0 then
    redis.call('UNLINK', unpack(batch.unnamed))
  end
end
