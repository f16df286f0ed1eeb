-- grant: store the owner under the key, and hand out the key's next fence on this node.
--
--   key, counter   the key and its fence counter
--   owner, ttl     what to store, and for how many ms
--   proposal       the fence that the client proposes; '0' for none
--
-- Returns 1 and the fence when granted, with 0 for the one that was proposed; 0 and the ms that are left when another
-- owner holds the key; -5 when the owner has been undone already.
--
-- R4: a grant that comes after its undo must die. Its client has given up by then, and nobody would hold the key.
-- R3: asked again by the owner that holds the key, it says yes again, with the same fence and a fresh TTL.
-- R5: see fence.lua.
local function grant(key, counter, owner, ttl, proposal)
  if withdrawn and string.find(withdrawn, owner, 1, true) then
    return -5, 0
  end
  if redis.call('SET', key, owner, 'NX', 'PX', ttl) then
    return 1, fence(counter, proposal)
  end
  if redis.call('GET', key) ~= owner then
    return 0, redis.call('PTTL', key)
  end
  redis.call('PEXPIRE', key, ttl)
  local stored = redis.call('GET', counter)
  return 1, stored and tonumber(stored) or fence(counter, proposal)
end
