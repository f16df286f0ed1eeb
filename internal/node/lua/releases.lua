-- releases: deletes many keys, each at the end of a lease or to undo a lost round.
--
--   KEYS, ARGV    the keys, each once, and their owners
--   count         how many there are
--   gone, grace   the key for tombstones, and for how many ms they stay; nil without tombstones
--
-- Returns 1 when all are given back. Else one number for each: 1 when given back, 0 when the key is not this owner's any more.
-- A release that fails says -1 and spoils no other: it is asked again alone, to be told the error.
--
-- One command looks at all keys, and one deletes all that were their owners' and are not kept for anybody: what a command costs in a script is
-- mostly the same whether it names one key or many. A key that is not there, or holds no string, is looked at alone.
local function releases(count, gone, grace)
  local held = holders(count)
  local free, none, reply, given = {}, {}, {}, 0
  for i = 1, count do
    if held[i] == ARGV[i] then
      if not wake(KEYS[i]) then
        free[#free + 1] = KEYS[i]
      end
      reply[i], given = 1, given + 1
    else
      local fine, code = pcall(release, KEYS[i], ARGV[i])
      reply[i] = fine and code or -1
      if code == 0 then
        none[#none + 1] = i
      end
    end
  end
  if #free > 0 then
    redis.call('DEL', unpack(free))
  end
  if gone and #none > 0 then
    local owners = ''
    for n = 1, #none do
      owners = owners .. ARGV[none[n]] .. ' '
    end
    if not pcall(bury, gone, grace, owners) then
      for n = 1, #none do
        reply[none[n]] = -1
      end
    end
  end
  return given == count and {1} or reply
end
