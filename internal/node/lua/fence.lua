-- fence: hands out the next fence of a key on this node.
--
--   counter    the key's fence counter
--   proposal   the fence that the client proposes; '0' for none
--
-- Returns 0 when the fence is the proposal, else the fence.
--
-- Fences count in ticks of 64 µs of node time, and one stands for 64 tokens: the holders to which a lease is handed over
-- within a process take them in turn.
--
-- R5: fence = max(stored + 1, proposal). A counter that is missing starts at the node's clock, so that counters of idle
--     keys may expire. Proposals let nodes agree; one that is more than 60 s ahead of this node's clock is cut, so that a
--     client with a broken clock cannot push the counter away.
--
-- A proposal that is larger, as nearly all are, is found and stored by one command, and compared as text: numbers of 14
-- digits (until the year 2172) order alike. Reading and writing numbers would cost more than the rest of a grant.
-- Numbers stay below 2^53; they are written with %.0f because tostring keeps 14 digits only.
--
-- A counter that is smaller than the time from which on the node votes (ready, of vote.lua) is from before its memory was
-- lost: an old state brought it back. It is as good as missing.
local ticks, ceiling, present, oldest
local function fence(counter, proposal)
  if not ticks then
    ticks = math.floor(now() / 64)
    ceiling, present = string.format('%.0f', ticks + 937500), string.format('%.0f', ticks)
    oldest = string.format('%.0f', math.floor(ready / 64))
  end
  local stored
  if #proposal == 14 and #ceiling == 14 and proposal <= ceiling then
    stored = redis.pcall('SET', counter, proposal, 'PX', 86400000, 'GET')
    if type(stored) == 'table' then -- a server before Redis 6.2, or an error that the next command meets as well
      stored = redis.call('GET', counter)
      redis.call('SET', counter, proposal, 'PX', 86400000)
    end
    if stored and #stored == #oldest and stored < oldest then
      stored = nil
    end
    if stored and #stored == 14 and stored < proposal or not stored and present < proposal then
      return 0
    end
  else
    stored = redis.call('GET', counter)
    if stored and #stored == #oldest and stored < oldest then
      stored = nil
    end
  end
  local own = math.max(tonumber(stored or ticks) + 1, math.min(tonumber(proposal), ticks + 937500))
  redis.call('SET', counter, string.format('%.0f', own), 'PX', 86400000)
  return own
end
