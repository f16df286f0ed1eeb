-- vouch: lets a new node vote at once.
--
-- KEYS   the guard key, see grant.lua
-- ARGV   until when the client waits for this, in µs of this node's clock
--
-- Replies this node's clock in µs, and 1 when the node has a guard key now, 0 when that was too late.
--
-- R6: it is true only of the time before the run. A node that has been looked at before keeps what was written then, and
--     one that hangs must not take this for true when it goes on.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
if now > tonumber(ARGV[1]) then
  return {now, 0}
end
redis.call('SET', KEYS[1], running() .. ' ' .. string.format('%.0f', now), 'NX')
return {now, 1}
