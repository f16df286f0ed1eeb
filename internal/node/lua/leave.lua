-- leave: takes a process out of a key's line.
--
--   key, line, id    as for enroll
--
-- Returns 1. A process may leave when it has been woken already: when the key is kept for it, or free, the next one is
-- woken instead.
local function leave(key, line, id)
  redis.call('ZREM', line, id)
  local holder = redis.pcall('GET', key)
  if holder == 'quorumlock:turn:' .. id then
    redis.call('DEL', key)
    holder = false
  end
  if not holder then
    enrolled = nil
    wake(key)
  elseif type(holder) == 'string' and string.sub(holder, 1, 16) == 'quorumlock:turn:' then
    second(key) -- it may have been who would look
  end
  return 1
end
