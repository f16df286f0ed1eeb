-- kept: tells everybody who waits for a key that it has been extended, so that they need not ask.
--
--   key, ttl    the key, and for how many ms it is held from now
--
-- A process that nobody can hear any more leaves the line. See wake.lua.
local function kept(key, ttl)
  if not anybody() then
    return
  end
  local line = 'quorumlock:line:{' .. key .. '}'
  local ids = redis.pcall('ZRANGE', line, 0, -1)
  for i = 1, #ids do
    if not tell(ids[i], 'kept ' .. ttl .. ' ' .. key) then
      redis.pcall('ZREM', line, ids[i])
    end
  end
end
