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

-- Put a tombstone in the place of a record, if a user named its task; whether there is one now.
local function entomb(found, key, raw, now_us)
  local is_kept = attempt.is_named(raw) and found.tombstone_us > 0
  if is_kept then
    redis.call('SET', key, record.tombstone(now_us + found.tombstone_us, attempt.request_id(raw)),
      'PX', math.ceil(found.tombstone_us / 1000))
  end
  return is_kept
end

-- The attempts of the batch that nothing has come between, as numbers in it.
local function undisturbed(batch, found, now_us)
  local ends = redis.call('ZMSCORE', found.leases, unpack(batch.members))
  local times = redis.call('ZMSCORE', found.eta, unpack(batch.ids))
  local chosen, seen = {}, {}
  local ahead_us -- an end that is known to be in the future: most share it
  for i, id in ipairs(batch.ids) do
    local end_us = ends[i]
    if end_us and end_us == times[i] and not seen[id] and (end_us == ahead_us or tonumber(end_us) > now_us) then
      ahead_us, seen[id] = end_us, true
      chosen[#chosen + 1] = i
    end
  end
  return chosen
end

-- Remove the tasks of those attempts that nothing has come between, and say 'done' in `answers`. Returns how many.
-- Where users name tasks, the record tells whether the attempt was of an earlier task of the name, and is then left alone.
function finish.apply(batch, found, now_us, answers)
  if batch.size == 0 then
    return 0
  end
  local ids, members, unnamed, n = {}, {}, {}, 0
  for _, i in ipairs(undisturbed(batch, found, now_us)) do
    local id, member = batch.ids[i], batch.members[i]
    local key = found.records .. id
    local raw = found.names and redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
    if not raw or attempt.is_of(raw, lease.fence_of(member)) then
      n = n + 1
      ids[n], members[n], answers[batch.rows[i]] = id, member, 'done'
      if not (raw and entomb(found, key, raw, now_us)) then
        unnamed[#unnamed + 1] = key
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
