-- extend: keep the key for another ttl ms, counted from now.
--
-- Returns 1 when kept, 0 when the key is not this owner's any more.
--
-- R7: never creates the key: only what is still held can be kept.
local function extend(key, owner, ttl)
  if redis.call('GET', key) == owner then
    return redis.call('PEXPIRE', key, ttl)
  end
  return 0
end
