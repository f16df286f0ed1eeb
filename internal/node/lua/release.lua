-- release: delete the key, at the end of a lease or to undo a lost round.
--
-- KEYS[1]  the key
-- ARGV[1]  owner
--
-- Replies 1 when deleted, 0 when the key is not this owner's any more.
--
-- Redlock, "Correct implementation with a single instance": the key is removed only if it holds the value that this
-- client stored, so that nobody deletes a lock that somebody else has acquired since.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
