-- grant: store the owner under the key, and hand out the key's next fence on this node.
--
-- KEYS[1]  the key            KEYS[2]  its fence counter
-- ARGV[1]  owner              ARGV[2]  TTL in ms
-- ARGV[3]  floor: a fence that the client proposes, in µs of node time; 0 for none
--
-- Replies {1, fence, now} when granted, {0, left, now} when another owner holds the key for left ms more;
-- now is this node's clock in µs.
--
-- R3: asked again by the owner that holds the key, it says yes again, with the same fence and a fresh TTL.
-- R5: fence = max(stored, floor) + 1. A counter that is missing starts at the node's clock, so that counters of idle
--     keys may expire. The floor lets nodes agree; one that is more than 60 s ahead of this node's clock is cut, so
--     that a client with a broken clock cannot push the counter away.
-- Numbers stay below 2^53; they are written with %.0f because tostring keeps 14 digits only.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return {0, redis.call('PTTL', KEYS[1]), now}
end
local fence = tonumber(redis.call('GET', KEYS[2]) or now)
if not holder then
  fence = math.max(fence, math.min(tonumber(ARGV[3]), now + 60000000)) + 1
end
redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', 86400000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, fence, now}
