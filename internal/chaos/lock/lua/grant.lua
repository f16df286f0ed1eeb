-- grant: gives the key to an owner, and hands out its next fence, unless this node may not vote.
--
-- KEYS   the key; its fence counter; the guard key: the run id of the server that wrote it, and from when on the node
--        votes, in µs of its own clock
-- ARGV   owner; TTL in ms; until when the client waits for the grant, in µs of this node's clock; the quarantine in µs, '0'
--        for no guard; '1' when fences are wanted
--
-- Replies this node's clock in µs, a code, and a number: 1 and the fence; 0 and the ms that are left when another owner
-- holds the key; -2 and 0 when the client does not wait any more; -3 and the µs after which this node votes again.
--
-- R4: a grant that is carried out after its deadline would outlive its undo.
-- R5: fence = max(stored, ready) + 1. A counter that is missing starts at the node's clock.
-- R6: a server that was started since, or whose memory was emptied, finds no guard key with its own run id. It writes one,
--     and gives no grant until every lock is over that it may have forgotten. Looked at in the same step as the key,
--     there is no moment in between at which a restart could go unseen.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
if now > tonumber(ARGV[3]) then
  return {now, -2, 0}
end
local ready = 0
if ARGV[4] ~= '0' then
  local run = running()
  local wrote, from = string.match(redis.call('GET', KEYS[3]) or '', '^(%S+) (%d+)$')
  if wrote == run then
    ready = tonumber(from)
  else
    ready = now + tonumber(ARGV[4])
    redis.call('SET', KEYS[3], run .. ' ' .. string.format('%.0f', ready))
  end
  if now < ready then
    return {now, -3, ready - now}
  end
end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {now, 0, redis.call('PTTL', KEYS[1])}
end
if ARGV[5] ~= '1' then
  return {now, 1, 0}
end
local fence = math.max(tonumber(redis.call('GET', KEYS[2])) or now, ready) + 1
redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', '86400000')
return {now, 1, fence}
