-- lift: lets a node vote at once that remembered nothing, once it is known that it can have forgotten nothing (R6).
--
-- KEYS   the node's meta key
-- ARGV   what boot.lua wrote there
--
-- Replies 1 and the meta key's new value; 0 and nothing when it says something else by now: then the node has forgotten
-- something since, or somebody else has looked at it.
--
-- It comes after boot.lua, and not with it: what was known before the meta key was there may be out of date when it is
-- written. The key that is still there proves that nothing was lost in between.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {0, ''}
end
local meta = '0000000000000000' .. string.sub(ARGV[1], 17)
redis.call('SET', KEYS[1], meta)
return {1, meta}
