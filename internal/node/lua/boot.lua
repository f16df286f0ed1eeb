-- boot: says what the node is expected to remember, and keeps it from voting when that is not there any more (R6).
--
-- KEYS   the node's meta key: 16 digits, from when on it votes in µs of its own clock; the longest TTL in ms that any
--        client may use; the members; the run id and the replication id of the server that wrote it
-- ARGV   run id, replication id, and the former replication id of a promoted replica ('-' when the server does not tell);
--        the longest TTL in ms that this client uses; the members as it knows them; by what factor a TTL may be longer
--        on a clock that drifts; '1' when no vote can be outstanding should the meta key be missing; '1' when a restart
--        loses nothing that was answered
--
-- Replies 1, the meta key's value and the clock in µs; with -1 instead when the members are others, and -2 when the TTL
-- is longer than the node allows.
local run, replication, former, longest, members = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local function keep(ready, ttl)
  local meta = string.format('%016.0f %s %s %s %s', ready, ttl, members, run, replication)
  redis.call('SET', KEYS[1], meta)
  return {1, meta, now()}
end
local function quarantine(ttl)
  return now() + tonumber(ttl) * 1000 * tonumber(ARGV[6]) + 10000
end

local kept = redis.call('GET', KEYS[1])
if not kept then
  return keep(ARGV[7] == '1' and 0 or quarantine(longest), longest)
end
local ready, allowed, others, wrote, history = string.match(kept, '^(%d+) (%d+) (%S+) (%S+) (%S+)$')
if not ready then
  return keep(quarantine(longest), longest)
end
if others ~= members then
  return {-1, kept, now()}
end
if tonumber(longest) > tonumber(allowed) then
  return {-2, kept, now()}
end
if run == '-' or run == wrote and replication == history then
  return {1, kept, now()}
end
-- Another server process than the one that wrote it, or another history of data: what it restored may be old.
-- A server that was a replica before it was promoted has a former history, whichever one the meta key is of.
if ARGV[8] == '1' and string.find(former, '^[0-]*$') then
  return keep(tonumber(ready, 10), allowed)
end
return keep(math.max(tonumber(ready, 10), quarantine(allowed)), allowed)
