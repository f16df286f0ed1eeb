-- raise: writes the fence of a lease down, on a node that granted it a smaller one.
--
-- KEYS   the key; its fence counter
-- ARGV   owner; fence
--
-- Replies this node's clock in µs, and 1 when it is written down, 0 when the key is not this owner's any more.
--
-- R5: only while the key is still this owner's: a late raise would lift the counter above a fence that has been handed
--     out since.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {now, 0}
end
if tonumber(redis.call('GET', KEYS[2]) or 0) < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], ARGV[2], 'PX', '86400000')
end
return {now, 1}
