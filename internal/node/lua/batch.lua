-- batch: carries out raises, extends, releases, and what waiters ask for, in order. The files beside this one are put in
-- front of it.
--
-- KEYS   the key for tombstones; then for each command its key, followed by its fence counter for raise (2), and by its
--        line for enroll (5) and leave (6)
-- ARGV   for how many ms tombstones stay, '0' to leave none; then for each command its op (2 raise, 3 extend, 4 release, 5
--        enroll, 6 leave) and its owner, or the process that waits, followed by the fence for raise, by the TTL in ms for
--        extend, and by since when it waits for enroll
--
-- Replies this node's clock in µs, then for each command what it returned. A command that fails says -1 and spoils no
-- other: it is asked again alone, to be told the error.
local function unguarded(command, ...)
  return true, command(...)
end
local reply, key, arg = {now()}, 2, 2
local guarded = ARGV[5] and pcall or unguarded
while ARGV[arg] do
  local op, owner, fine, code = ARGV[arg], ARGV[arg + 1]
  if op == '3' then
    fine, code = guarded(extend, KEYS[key], owner, ARGV[arg + 2])
    if fine and code == 1 then
      pcall(kept, KEYS[key], ARGV[arg + 2])
    end
    key, arg = key + 1, arg + 3
  elseif op == '2' then
    fine, code = guarded(raise, KEYS[key], KEYS[key + 1], owner, ARGV[arg + 2])
    key, arg = key + 2, arg + 3
  elseif op == '5' then
    fine, code = guarded(enroll, KEYS[key], KEYS[key + 1], owner, ARGV[arg + 2])
    key, arg = key + 2, arg + 3
  elseif op == '6' then
    fine, code = guarded(leave, KEYS[key], KEYS[key + 1], owner)
    key, arg = key + 2, arg + 2
  else
    fine, code = guarded(release, KEYS[key], owner)
    if fine and code == 0 and ARGV[1] ~= '0' then
      fine = guarded(bury, KEYS[1], ARGV[1], owner .. ' ')
    end
    key, arg = key + 1, arg + 2
  end
  reply[#reply + 1] = fine and code or -1
end
return reply
