-- batch: carries out commands in order. The files beside this one are put in front of it.
--
-- KEYS   the meta key and the key for tombstones; then for each command its key, followed by its fence counter for grant
--        (1) and raise (2)
-- ARGV   what the meta key is expected to say; the deadline of all grants in µs of node time; for how many ms tombstones
--        stay; then for each command its op (1 grant, 2 raise, 3 extend, 4 release) and its owner, followed by: the TTL
--        in ms and the fence that the client proposes for grant, the fence for raise, the TTL for extend
--
-- Replies this node's clock in µs, then for each command two: what it returned, and a number. A command that fails says
-- -1 and spoils no other: it is asked again alone, to be told the error.
local reply = {now()}
local meta, gone, grace = KEYS[1], KEYS[2], ARGV[3]
local refusal, why = admit(meta, gone, ARGV[1], ARGV[2])
local key, arg = 3, 4
while ARGV[arg] do
  local op, owner = ARGV[arg], ARGV[arg + 1]
  local fine, code, value = true, refusal, why
  if op == '4' then
    fine, code, value = pcall(release, KEYS[key], owner, gone, grace)
    key, arg = key + 1, arg + 2
  elseif op == '1' then
    if refusal == 0 then
      fine, code, value = pcall(grant, KEYS[key], KEYS[key + 1], owner, ARGV[arg + 2], ARGV[arg + 3])
    end
    key, arg = key + 2, arg + 4
  elseif op == '3' then
    fine, code, value = pcall(extend, KEYS[key], owner, ARGV[arg + 2])
    key, arg = key + 1, arg + 3
  else
    fine, code, value = pcall(raise, KEYS[key], KEYS[key + 1], owner, ARGV[arg + 2])
    key, arg = key + 2, arg + 3
  end
  if not fine then
    code, value = -1, 0
  end
  reply[#reply + 1] = code
  reply[#reply + 1] = value or 0
end
return reply
