-- Finding and removing a queue's tasks.
--@include keys
--@include number
--@include record
local task = {}

-- A named record that is dead (purged or expired) still holds its name this long; nil if the name is free.
local function dead_name_expiry_us(header, found)
  if not record.has(header, record.NAMED) then
    return nil
  end
  local died_us = header.generation == found.generation and header.expiry_us or (found.purge_us or 0)
  return died_us + found.tombstone_us
end

-- What a key holds for readers: 'live' and the header, 'tombstoned' and the request id that removed it, or 'none'.
-- raw: the start of the string at the key, at least a whole header.
function task.state(raw, found, now_us)
  local header = record.parse(raw)
  if header then
    if record.is_live(header, found.generation, now_us) then
      return 'live', header
    end
    local expiry_us = dead_name_expiry_us(header, found)
    return expiry_us and now_us < expiry_us and 'tombstoned' or 'none', ''
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
      'PX', number.whole(math.ceil((expiry_us - now_us) / 1000)))
  else
    redis.call('UNLINK', key)
  end
end

-- The task is finished, deleted or past its life.
function task.remove(key, id, header, found, now_us, request_id)
  redis.call('ZREM', found.eta, id)
  task.bury(key, header, now_us + found.tombstone_us, now_us, request_id)
end
