-- raise: write the fence of a lease down, on a node that granted it a smaller one.
--
-- KEYS[1]  the key            KEYS[2]  its fence counter
-- ARGV[1]  owner              ARGV[2]  fence
--
-- Replies 1 when it is written down, 0 when the key is not this owner's any more.
--
-- R5: only while the key is still this owner's. Without that condition a late raise would lift the counter above a
--     fence that has been handed out since, and two leases could end up with one fence.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(ARGV[2]))
redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', 86400000)
return 1
