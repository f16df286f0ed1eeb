-- extend: keep the key for another TTL, counted from now.
--
-- KEYS[1]  the key
-- ARGV[1]  owner              ARGV[2]  TTL in ms
--
-- Replies 1 when kept, 0 when the key is not this owner's any more.
--
-- R7: never creates the key: only what is still held can be kept.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
