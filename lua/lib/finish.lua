-- Attempts that succeeded and that nothing has come between, settled together: most do, and one by one each would cost
-- five calls more. Such an attempt holds its lease, and the task's time is the lease's end, which only its claim or its
-- renewal has set; so no later attempt has taken the task over, and it is live.
--@include attempt
--@include lease
--@include record
local finish = {}

function finish.batch()
  return { rows = {}, ids = {}, members = {}, size = 0 }
end

-- row: which of the call's rows it is.
function finish.add(batch, row, id, fence)
  local n = batch.size + 1
  batch.rows[n], batch.ids[n], batch.members[n], batch.size = row, id, lease.member(id, fence), n
end

-- Whether a record becomes a tombstone, for a user named the task. Nil if the attempt was of an earlier task of the name.
local function entomb(found, key, member, now_us)
  local _, fence = lease.parse(member)
  local raw = redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  if not attempt.is_of(raw, fence) then
    return nil
  end
  local is_kept = attempt.is_named(raw) and found.tombstone_us > 0
  if is_kept then
    redis.call('SET', key, record.tombstone(now_us + found.tombstone_us, attempt.request_id(raw)),
      'PX', math.ceil(found.tombstone_us / 1000))
  end
  return is_kept
end

-- Remove the tasks of those attempts that nothing has come between, and say 'done' in `answers`. Returns how many.
function finish.apply(batch, found, now_us, answers)
  if batch.size == 0 then
    return 0
  end
  local ends = redis.call('ZMSCORE', found.leases, unpack(batch.members))
  local times = redis.call('ZMSCORE', found.eta, unpack(batch.ids))
  local ids, members, unnamed, seen, n = {}, {}, {}, {}, 0
  local ahead_us -- an end that is known to be in the future: most share it
  for i, id in ipairs(batch.ids) do
    local end_us, member = ends[i], batch.members[i]
    if end_us and end_us == times[i] and not seen[id] and (end_us == ahead_us or tonumber(end_us) > now_us) then
      ahead_us = end_us
      local key, is_kept = found.records .. id, false
      if found.names then
        is_kept = entomb(found, key, member, now_us)
      end
      if is_kept ~= nil then
        n = n + 1
        ids[n], members[n], seen[id], answers[batch.rows[i]] = id, member, true, 'done'
        if not is_kept then
          unnamed[#unnamed + 1] = key
        end
      end
    end
  end
  if n > 0 then
    redis.call('ZREM', found.leases, unpack(members))
    redis.call('ZREM', found.eta, unpack(ids))
  end
  if #unnamed > 0 then
    redis.call('UNLINK', unpack(unnamed))
  end
  return n
end
