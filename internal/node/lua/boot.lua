-- boot: says what the node is expected to remember, and keeps it from voting when that is not there any more (R6).
--
-- KEYS   the node's meta key: 16 digits, from when on it votes in µs of its own clock; the longest TTL in ms that any
--        client may use; the members; the run id and the history of the server that wrote it
-- ARGV   run id; history: the replication id and, behind a slash, how many keys were evicted; the former replication id of a
--        promoted replica ('-' for what the server does not tell); the longest TTL in ms that this client uses; the members
--        as it knows them; by what factor a TTL may be longer on a clock that drifts; '1' when a restart loses nothing that
--        was answered
--
-- Replies 1, the meta key's value and the clock in µs; with 2 instead when there was no meta key, so that the node may have
-- forgotten everything, or is new: see lift.lua; -1 when the members are others; -2 when the TTL is longer than the node
-- allows.
local run, history, former, longest, members = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local function keep(ready, ttl, code)
  local meta = string.format('%016.0f %s %s %s %s', ready, ttl, members, run, history)
  redis.call('SET', KEYS[1], meta)
  return {code or 1, meta, now()}
end
local function quarantine(ttl)
  return now() + tonumber(ttl) * 1000 * tonumber(ARGV[6]) + 10000
end

local kept = redis.call('GET', KEYS[1])
if not kept then
  return keep(quarantine(longest), longest, 2)
end
local ready, allowed, others, wrote, of = string.match(kept, '^(%d+) (%d+) (%S+) (%S+) (%S+)$')
if not ready then
  return keep(quarantine(longest), longest)
end
if others ~= members then
  return {-1, kept, now()}
end
if tonumber(longest) > tonumber(allowed) then
  return {-2, kept, now()}
end
if run == '-' or run == wrote and history == of then
  return {1, kept, now()}
end
-- Another server process than the one that wrote it, or another history of data: what it restored may be old. The same
-- process with another history was promoted, or has evicted keys, which is no restart.
-- A server that was a replica before it was promoted has a former history, whichever one the meta key is of.
if ARGV[7] == '1' and run ~= wrote and string.find(former, '^[0-]*$') then
  return keep(tonumber(ready, 10), allowed)
end
return keep(math.max(tonumber(ready, 10), quarantine(allowed)), allowed)
