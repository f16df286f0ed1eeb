-- batch: carries out commands in order. The files beside this one are put in front of it.
--
-- KEYS   for each command its key, followed by its fence counter for grant (1) and raise (2)
-- ARGV   for each command five: op (1 grant, 2 raise, 3 extend, 4 release), owner, TTL in ms, fence in µs, deadline in µs
--
-- Replies this node's clock in µs (0 when no command needed it), then for each command two: what it returned, and a
-- number. A command that fails says -1 and spoils no other: it is asked again alone, to be told the error.
local function carry(op, at, owner, ttl, fence, deadline)
  if op == '4' then
    return release(KEYS[at], owner)
  elseif op == '1' then
    return grant(KEYS[at], KEYS[at + 1], owner, ttl, fence, deadline)
  elseif op == '3' then
    return extend(KEYS[at], owner, ttl)
  end
  return raise(KEYS[at], KEYS[at + 1], owner, fence)
end

local reply = {0}
local at = 1
for i = 1, #ARGV, 5 do
  local op = ARGV[i]
  local fine, code, value = pcall(carry, op, at, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
  if not fine then
    code, value = -1, 0
  end
  reply[#reply + 1] = code
  reply[#reply + 1] = value or 0
  at = at + ((op == '1' or op == '2') and 2 or 1)
end
reply[1] = time or 0
return reply
