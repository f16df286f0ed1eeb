-- fenced: carries out a script's body if its fence is not smaller than one that was there before, in one step.
--
-- KEYS   those of the body, and last the key at which the largest fence is kept
-- ARGV   those of the body, and last the fence
--
-- Replies 1 and what the body returns, or 0 and the largest fence, and has written nothing then. A fence is below 2^53,
-- which a number of Lua holds exactly; it is stored as the text that was sent.
local kept, fence = table.remove(KEYS), table.remove(ARGV)
local largest = redis.call('GET', kept)
if largest and tonumber(largest) > tonumber(fence) then
  return {0, largest}
end
if largest ~= fence then
  redis.call('SET', kept, fence)
end
return {1, (function(KEYS, ARGV)
