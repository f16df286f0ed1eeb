-- grant: store the owner under the key, and hand out the key's next fence on this node.
--
--   key, counter   the key and its fence counter
--   owner, ttl     what to store, and for how many ms
--   floor          a fence that the client proposes, in µs of node time; 0 for none
--   deadline       until when the client waits for the grant, in µs of node time; 0 when it does not know this clock
--
-- Returns 1 and the fence when granted; 0 and the ms that are left when another owner holds the key; -2 and by how many
-- µs it came too late.
--
-- R4: a grant that comes after its deadline is refused. Its client has given up by then, and has taken it back: a server
--     that hung, and now carries out its backlog, would store a key that nobody holds.
-- R3: asked again by the owner that holds the key, it says yes again, with the same fence and a fresh TTL.
-- R5: fence = max(stored, floor) + 1. A counter that is missing starts at the node's clock, so that counters of idle
--     keys may expire. The floor lets nodes agree; one that is more than 60 s ahead of this node's clock is cut, so
--     that a client with a broken clock cannot push the counter away.
-- Numbers stay below 2^53; they are written with %.0f because tostring keeps 14 digits only.
local function grant(key, counter, owner, ttl, floor, deadline)
  if deadline ~= '0' and now() > tonumber(deadline) then
    return -2, now() - tonumber(deadline)
  end
  local holder = redis.call('GET', key)
  if holder and holder ~= owner then
    return 0, redis.call('PTTL', key)
  end
  local fence = tonumber(redis.call('GET', counter) or now())
  if not holder then
    fence = math.max(fence, math.min(tonumber(floor), now() + 60000000)) + 1
  end
  redis.call('SET', counter, string.format('%.0f', fence), 'PX', 86400000)
  redis.call('SET', key, owner, 'PX', ttl)
  return 1, fence
end
