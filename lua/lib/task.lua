-- Finding and removing a queue's tasks.
--@include keys
--@include number
--@include record
local task = {}

-- A dead task (purged or expired) that nobody has buried yet died at its end of life, or by the purge before.
local function died_us(header, found)
  if header.generation == found.generation then
    return header.expiry_us
  end
  local swept = found.id .. ':' .. number.text(header.generation)
  return math.min(header.expiry_us, tonumber(redis.call('ZSCORE', keys.garbage(found.partition), swept) or 0))
end

-- Until when a dead task holds its name; 0 if no user gave it.
function task.name_taken_until_us(header, found)
  return record.has(header, record.NAMED) and died_us(header, found) + found.tombstone_us or 0
end

-- What a key holds for readers: 'live' and the header, 'tombstoned' and the request id that removed it, or 'none'.
-- raw: the start of the string at the key, at least a whole header.
function task.state(raw, found, now_us)
  local header = record.parse(raw)
  if header then
    if record.is_live(header, found.generation, now_us) then
      return 'live', header
    end
    return now_us < task.name_taken_until_us(header, found) and 'tombstoned' or 'none', ''
  end
  local expiry_us, request_id = record.parse_tombstone(raw)
  if expiry_us and now_us < expiry_us then
    return 'tombstoned', request_id
  end
  return 'none', ''
end

-- Turn a dead record into a tombstone that ends at expiry_us if a user named it, else free it.
function task.bury(key, header, expiry_us, now_us, request_id)
  if record.has(header, record.NAMED) and expiry_us > now_us then
    redis.call('SET', key, record.tombstone(expiry_us, request_id),
      'PX', math.ceil((expiry_us - now_us) / 1000))
  else
    redis.call('UNLINK', key)
  end
end

-- Free what is neither record nor tombstone.
function task.discard(key, raw)
  if not record.parse_tombstone(raw) then
    redis.call('UNLINK', key)
  end
end

-- Clear away what a claim found in place of a live task. A record of another generation is the janitor's.
function task.clear(key, header, raw, found, now_us)
  if not header then
    task.discard(key, raw)
  elseif header.generation == found.generation then
    task.bury(key, header, task.name_taken_until_us(header, found), now_us, header.request_id)
  end
end

-- The task is finished, deleted or past its life.
function task.remove(key, id, header, found, now_us, request_id)
  redis.call('ZREM', found.eta, id)
  task.bury(key, header, now_us + found.tombstone_us, now_us, request_id)
end
