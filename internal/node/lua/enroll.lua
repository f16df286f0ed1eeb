-- enroll: puts a process into the line of a key, to be woken when that is free.
--
--   key, line    the key, and the processes that wait for it, by since when
--   id, since    the process, and since when it waits, in µs of the nodes' clocks as far as it knows: the same on all nodes,
--                so that they agree on who is first
--
-- Returns for how many ms the key is held yet, a minute if it never expires; 0 when it is free; -2 when the process could
-- not be woken, because it does not listen here or an ACL forbids what wake.lua does, and is not enrolled therefore.
--
-- The line is a hint, and nothing hangs on it but who is woken first.
local function enroll(key, line, id, since)
  local ears = redis.pcall('PUBSUB', 'NUMSUB', 'quorumlock:waiting', 'quorumlock:wake:' .. id)
  if ears.err or tonumber(ears[2]) == 0 or tonumber(ears[4]) == 0 or redis.pcall('ZPOPMIN', 'quorumlock:nobody').err
    or type(redis.pcall('PUBLISH', 'quorumlock:wake', '')) == 'table' then
    return -2
  end
  redis.call('ZADD', line, since, id)
  redis.call('PEXPIRE', line, 86400000)
  if redis.pcall('GET', key) == 'quorumlock:turn:' .. id then
    redis.call('DEL', key) -- it has been woken, but not by enough others
    return 0
  end
  local left = redis.call('PTTL', key)
  if left == -2 then
    return 0
  end
  return left == -1 and 60000 or math.max(left, 1)
end
