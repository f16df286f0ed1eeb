-- fence: hands out the next fence of a key on this node, when it is not simply the one that the client proposes.
--
--   call       redis.call or redis.pcall
--   counter    the key's fence counter
--   proposal   the fence that the client proposes; '0' for none
--   stored     what the counter was before the proposal was stored in it; an error when that failed; nil when it was not tried
--   present    this node's clock, in ticks
--   meta       the meta key's value; its first 16 digits are from when on the node votes
--
-- Returns 1 and the fence; -1 and 0 when the counter cannot be read or written.
--
-- Fences count in ticks of 64 µs of node time, and one stands for 64 tokens: the holders to which a lease is handed over
-- within a process take them in turn.
--
-- R5: fence = max(stored + 1, proposal). A counter that is missing starts at the node's clock, so that counters of idle
--     keys may expire. Proposals let nodes agree; one that is more than 60 s ahead of this node's clock is cut, so that a
--     client with a broken clock cannot push the counter away.
--
-- A counter that is smaller than the time from which on the node votes is from before its memory was lost: an old state
-- brought it back. It is as good as missing.
--
-- Numbers stay below 2^53; they are written with %.0f because tostring keeps 14 digits only.
local function fence(call, counter, proposal, stored, present, meta)
  present = math.floor(present)
  if type(stored) ~= 'string' then -- not read yet, or by a server before Redis 6.2, which knows no SET with GET
    stored = call('GET', counter)
    if type(stored) == 'table' then
      return -1, 0
    end
  end
  local last = tonumber(stored)
  if not last or last < math.floor(tonumber(string.sub(meta, 1, 16), 10) / 64) then
    last = present
  end
  local own = math.max(last + 1, math.min(tonumber(proposal), present + 937500))
  local set = call('SET', counter, string.format('%.0f', own), 'PX', '86400000')
  return set.ok and 1 or -1, set.ok and own or 0
end
