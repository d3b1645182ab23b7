#!lua flags=no-writes
-- One page of a queue's live tasks, in no order. What is there throughout a walk appears; duplicates are possible.
-- KEYS
--   partition: prefix of the queue's partition, {hr:17}
-- ARGV
--   now_us: test clock, or 0
--   queue_id: the queue's id
--   place: where the last page ended, as this script returned it; empty for the first page
--   page_size: most tasks to return
--   full: 1 with bodies, 0 without
-- Returns 'page', the place where the page ended (empty at the end), then id and record of each task; or 'no_queue'
-- Cost    O(page), and O(n) for the claims of n tasks whose first attempts run; ends a page early after 1 MiB or 30 scan
--         steps of 100
-- A place is queue/generation/server run/cursor/end/last id: another generation or server starts the walk anew. A page may end
-- within a scan step, from cursor to end; ids up to the last one are left out when the step is repeated with the same
-- end. With another end (tasks came or went) it covers others than before, so nothing is left out.
--@include clock
--@include first_attempt
--@include keys
--@include number
--@include queue
--@include record
--@include task

local PAGE_BYTES, SCAN_STEPS, STEP_TASKS = 1048576, 30, 100
local now = clock.now_us(now_us)

local found = queue.read(partition, queue_id, now)
if not found then
  return { 'no_queue' }
end

local generation = queue_id .. '/' .. number.text(found.generation)
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local cursor, step_end, after = '0', '', ''
local then_generation, then_server, then_place = string.match(place, '^(%d+/%d+)/(%w*)/(.*)$')
if then_generation == generation and then_server == server then
  cursor, step_end, after = string.match(then_place, '^(%d+)/(%d*)/(.*)$')
end

local page, bytes = { 'page', '' }, 0
local function place_at(step_end_now, id)
  return table.concat({ generation, server, cursor, step_end_now, id }, '/')
end

-- Lua compares strings by the server's locale, which may call different ids equal.
local function by_bytes(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

local function append(id, at_us)
  local key = keys.task(partition, queue_id, id)
  local head = redis.call('GETRANGE', key, 0, record.LONGEST_HEADER_BYTES - 1)
  local state, header = task.state(head, found, now)
  if state == 'live' then
    local last = full == '1' and -1 or header.length + header.tag_bytes + header.meta_bytes - 1
    local raw = redis.call('GETRANGE', key, 0, last)
    bytes = bytes + #raw
    page[#page + 1], page[#page + 2] = id, first_attempt.shown(found, id, header, raw, at_us)
  end
end

for _ = 1, SCAN_STEPS do
  local scan = redis.call('ZSCAN', found.eta, cursor, 'COUNT', STEP_TASKS)
  local ids, times = {}, {}
  for i = 1, #scan[2], 2 do
    if scan[1] ~= step_end or by_bytes(after, scan[2][i]) then
      ids[#ids + 1], times[scan[2][i]] = scan[2][i], scan[2][i + 1]
    end
  end
  table.sort(ids, by_bytes)
  for i, id in ipairs(ids) do
    append(id, times[id])
    if (#page - 2) / 2 >= tonumber(page_size) or bytes >= PAGE_BYTES then
      page[2] = (i < #ids or scan[1] ~= '0') and place_at(scan[1], id) or ''
      return page
    end
  end
  cursor, step_end = scan[1], ''
  if cursor == '0' then
    return page
  end
end
page[2] = place_at('', '')
return page
