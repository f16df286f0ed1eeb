-- enroll: puts a process into the line of a key, to be woken when that is free.
--
--   key, line    the key, and the processes that wait for it, by since when
--   id, since    the process, and since when it waits, in µs of the nodes' clocks as far as it knows: the same on all nodes,
--                so that they agree on who is first
--
-- Returns twice the ms for which the key is held yet, a minute if it never expires, 0 when it is free, and one more when no
-- other process stands in the line; -2 when the process could not be woken, because it does not listen here or an ACL
-- forbids what wake.lua does, and is not enrolled therefore.
--
-- The line is a hint, and nothing hangs on it but who is woken first.
local function enroll(key, line, id, since)
  local ears = redis.pcall('PUBSUB', 'NUMSUB', 'quorumlock:waiting', 'quorumlock:wake:' .. id)
  if ears.err or tonumber(ears[2]) == 0 or tonumber(ears[4]) == 0 or redis.pcall('ZPOPMIN', 'quorumlock:nobody').err
    or type(redis.pcall('PUBLISH', 'quorumlock:wake', '')) == 'table' then
    return -2
  end
  redis.call('SET', 'quorumlock:waiting', '', 'PX', '86400000')
  redis.call('ZADD', line, since, id)
  redis.call('PEXPIRE', line, 86400000)
  awaited, enrolled, process = true, key, id
  local ahead = redis.call('ZRANGE', line, 0, 1)
  local alone = #ahead == 1 and 1 or 0
  if redis.pcall('GET', key) == 'quorumlock:turn:' .. id then
    -- It has been woken, but not by enough others. Whoever has waited longer has come late into the line here, and was woken
    -- elsewhere: one of them must have a majority.
    if ahead[1] ~= id and wake(key) then
      return 2 * 200
    end
    redis.call('DEL', key)
    return alone
  end
  local left = redis.call('PTTL', key)
  if left == -2 then
    return alone
  end
  return 2 * (left == -1 and 60000 or math.max(left, 1)) + alone
end
