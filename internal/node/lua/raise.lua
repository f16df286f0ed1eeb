-- raise: write the fence of a lease down, on a node that granted it a smaller one.
--
--   key, counter   the key and its fence counter
--   owner, fence   the lease's
--
-- Returns 1 when it is written down, 0 when the key is not this owner's any more, or not by that grant.
--
-- R5: only while the key is still this owner's. Without that condition a late raise would lift the counter above a
--     fence that has been handed out since, and two leases could end up with one fence. A counter that is larger has
--     handed out more since our grant: somebody else had the key, and a grant that was sent twice has given it back to
--     us. (model/fence.pml, RAISE_ALWAYS and RAISE_LARGER.)
local function raise(key, counter, owner, fence)
  if redis.call('GET', key) ~= owner then
    return 0
  end
  if tonumber(redis.call('GET', counter) or 0) > tonumber(fence) then
    return 0
  end
  redis.call('SET', counter, fence, 'PX', '86400000')
  return 1
end
