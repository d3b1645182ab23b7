-- How an attempt ended, as a dispatcher tells it: 'done', or 'OUTCOME STATUS RETRY_AFTER_US OVERLOADED'.
local outcome = {}

outcome.DONE = { outcome = 'done' }

function outcome.parse(text)
  if text == 'done' then
    return outcome.DONE
  end
  local how, status, retry_after_us, overloaded = string.match(text, '^(%a+) (%d+) (%d+) (%d)$')
  return {
    outcome = how, status = tonumber(status), retry_after_us = tonumber(retry_after_us), overloaded = overloaded == '1',
  }
end

function outcome.count_failure(header, result)
  header.ended = header.ended + 1
  if result.outcome == 'answered' then
    header.responses = header.responses + 1
    header.answers = header.answers + (result.status < 500 and 1 or 0)
  end
end

-- What an attempt says of its target's state: nothing if there was no answer.
function outcome.note_load(found, result)
  if result.overloaded then
    found.overloaded = true
  elseif result.outcome ~= 'unanswered' then
    found.answered = true
  end
end
