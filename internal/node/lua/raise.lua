-- raise: write the fence of a lease down, on a node that granted it a smaller one.
--
--   key, counter   the key and its fence counter
--   owner, fence   the lease's
--
-- Returns 1 when it is written down, 0 when the key is not this owner's any more.
--
-- R5: only while the key is still this owner's. Without that condition a late raise would lift the counter above a
--     fence that has been handed out since, and two leases could end up with one fence.
local function raise(key, counter, owner, fence)
  if redis.call('GET', key) ~= owner then
    return 0
  end
  local highest = math.max(tonumber(redis.call('GET', counter) or 0), tonumber(fence))
  redis.call('SET', counter, string.format('%.0f', highest), 'PX', 86400000)
  return 1
end
