-- release: delete the key, at the end of a lease or to undo a lost round.
--
--   key, owner   the key and who gives it back
--
-- Returns 1 when it is deleted, or kept for somebody who waits, 0 when the key is not this owner's any more.
--
-- Redlock, "Correct implementation with a single instance": the key is removed only if it holds the value that this
-- client stored, so that nobody deletes a lock that somebody else has acquired since.
local function release(key, owner)
  if holder(key) ~= owner then
    return 0
  end
  if not wake(key) then
    redis.call('DEL', key)
  end
  return 1
end
