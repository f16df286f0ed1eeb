-- quick: the usual release, of a key that is its owner's, on a node on which nobody waits. See release.lua and wake.lua, to which
-- everything else is left.
--
-- KEYS, ARGV   the key and its owner
--
-- To make the functions of these files, and to call them, costs as much as the commands that are carried out here.
local found = redis.pcall('MGET', KEYS[1], 'quorumlock:waiting')
if found[1] == ARGV[1] and not found[2] then
  redis.call('DEL', KEYS[1])
  return 1
end
