-- wake: tells the process that has waited longest that a key is free.
--
--   key    the key that was given back
--
-- Whoever waits is enrolled in the key's line, and listens on a channel of its own; see enroll.lua. Who is woken leaves the
-- line. A process that nobody can hear any more has gone: the next one is woken then. One process is woken and not all,
-- so that they do not take the key from each other.
--
-- The key is kept for whoever is woken for 200 ms, by a value of its own that its grant replaces, so that nobody who
-- has not waited gets it meanwhile, least of all who has just given it back and asks again. The second in the line is told
-- when that is over: it looks then whether the first has done anything.
--
-- Every process that waits for any key listens on one more channel, so that a server on which nobody waits finds that
-- out by one command for a whole script. Where an ACL forbids these commands, nobody is woken, and waiters ask again by
-- themselves.
local awaited
local function anybody()
  if awaited == nil then
    local listeners = redis.pcall('PUBSUB', 'NUMSUB', 'quorumlock:waiting')
    awaited = not listeners.err and tonumber(listeners[2]) > 0
  end
  return awaited
end
local function tell(id, what)
  local heard = redis.pcall('PUBLISH', 'quorumlock:wake:' .. id, what)
  return type(heard) == 'number' and heard > 0
end
local function wake(key)
  local line = 'quorumlock:line:{' .. key .. '}'
  while anybody() do
    local first = redis.pcall('ZPOPMIN', line)
    if first.err or not first[1] then
      return
    end
    if tell(first[1], 'free ' .. key) then
      redis.pcall('SET', key, 'quorumlock:turn:' .. first[1], 'PX', '200')
      local second = redis.pcall('ZRANGE', line, 0, 0)
      if second[1] then
        tell(second[1], 'kept 200 ' .. key)
      end
      return
    end
  end
end
