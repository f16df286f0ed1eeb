-- release: deletes the key, at the end of a lease or to undo a lost round.
--
-- KEYS   the key
-- ARGV   owner; '1' to delete the key whoever it belongs to, which is what broken-release does
--
-- Replies this node's clock in µs, and 1 when deleted, 0 when the key is not this owner's any more.
--
-- R4, I5: nobody deletes a lock that somebody else has acquired since.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
if ARGV[2] ~= '1' and redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {now, 0}
end
return {now, redis.call('DEL', KEYS[1])}
