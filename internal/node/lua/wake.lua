-- wake: tells the process that has waited longest that a key is free.
--
--   key    the key that was given back
--
-- Whoever waits is enrolled in the key's line, and listens on a channel of its own; see enroll.lua. Who is woken leaves the
-- line. A process that nobody can hear any more has gone: the next one is woken then. One process is woken and not all,
-- so that they do not take the key from each other.
--
-- The key is kept for whoever is woken for 200 ms, by a value of its own that its grant replaces, so that nobody who
-- has not waited gets it meanwhile, least of all who has just given it back and asks again. Somebody looks when that is over
-- whether the first has done anything: the process that gives the key back, when it waits for it again and has just been
-- enrolled; else the second in the line, who is told.
--
-- Every process that waits for any key listens on one more channel, and notes that somebody waits under a key of that name,
-- which is read together with the key that is given back: a server on which nobody waits finds that out without a command
-- more. Whoever finds that nobody listens takes the note away. Where an ACL forbids these commands, nobody is woken, and
-- waiters ask again by themselves.
local note = 'quorumlock:waiting'
local awaited           -- nil: not known yet
local noted             -- there is a note
local enrolled, process -- whom this script has put into a line last, and of which key

-- holder returns who has a key, and sees whether there is a note.
local function holder(key)
  local found = redis.pcall('MGET', key, note)
  if not found[1] then
    return redis.call('GET', key) -- to be told the error, if there is one
  end
  noted = found[2]
  if not noted then
    awaited = false
  end
  return found[1]
end

-- holders does the same for the first keys of a script, at once; an error says nothing of any.
local function holders(count)
  KEYS[count + 1] = note
  local found = redis.pcall('MGET', unpack(KEYS, 1, count + 1))
  noted = found[count + 1]
  if noted == false then
    awaited = false
  end
  return found
end

local function anybody()
  if awaited == nil then
    local listeners = redis.pcall('PUBSUB', 'NUMSUB', note)
    awaited = not listeners.err and tonumber(listeners[2]) > 0
    if noted and not awaited and not listeners.err then
      redis.pcall('DEL', note)
    end
  end
  return awaited
end

local function tell(id, what)
  local heard = redis.pcall('PUBLISH', 'quorumlock:wake:' .. id, what)
  return type(heard) == 'number' and heard > 0
end

-- second tells whoever is first in the line now to look when the key has been kept for somebody for too long.
local function second(key)
  local first = redis.pcall('ZRANGE', 'quorumlock:line:{' .. key .. '}', 0, 0)
  if first[1] then
    tell(first[1], 'kept 200 ' .. key)
  end
end

-- wake returns whether the key is kept for somebody, and must not be deleted therefore.
local function wake(key)
  while anybody() do
    local line = 'quorumlock:line:{' .. key .. '}'
    local first = redis.pcall('ZPOPMIN', line)
    if first.err or not first[1] then
      return false
    end
    if tell(first[1], 'free ' .. key) then
      local kept = redis.pcall('SET', key, 'quorumlock:turn:' .. first[1], 'PX', '200')
      if key ~= enrolled or first[1] == process then
        second(key)
      end
      return kept.ok ~= nil
    end
  end
  return false
end
