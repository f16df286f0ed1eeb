-- extend: keeps the key for another TTL, counted from now.
--
-- KEYS   the key
-- ARGV   owner; TTL in ms
--
-- Replies this node's clock in µs, and 1 when kept, 0 when the key is not this owner's any more.
--
-- R7: never creates the key: only what is still held can be kept.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {now, 0}
end
return {now, redis.call('PEXPIRE', KEYS[1], ARGV[2])}
