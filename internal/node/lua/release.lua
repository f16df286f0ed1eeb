-- release: delete the key, at the end of a lease or to undo a lost round.
--
--   key, owner   the key and who gives it back
--   gone         the key with the owners that were undone before their grant came; nil without tombstones
--   grace        for how many ms a grant of this owner may still come
--
-- Returns 1 when deleted, 0 when the key is not this owner's any more.
--
-- Redlock, "Correct implementation with a single instance": the key is removed only if it holds the value that this
-- client stored, so that nobody deletes a lock that somebody else has acquired since.
-- R4: a release that finds nothing may have overtaken its grant, which came by another connection. It leaves a
--     tombstone, the owner's name, until that grant is too late anyway. The list is cut at 32 KiB, oldest first.
local function release(key, owner, gone, grace)
  local holder = redis.call('GET', key)
  if holder == owner then
    return redis.call('DEL', key)
  end
  if gone then
    local owners = string.sub((redis.call('GET', gone) or '') .. owner .. ' ', -32768)
    redis.call('SET', gone, owners, 'PX', grace)
  end
  return 0
end
