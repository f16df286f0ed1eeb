-- grants: gives grants in order, unless this node may not vote: stores each owner under its key, and hands out the key's
-- next fence.
--
-- KEYS   the meta key; the key with the owners that were undone before their grant came; then for each grant its key and
--        its fence counter
-- ARGV   what the client knows as the meta key's value, whose first 16 digits are from when on the node votes, in µs of
--        its clock; until when the client waits for the grants, in µs of the same clock; their TTL in ms; then for each
--        grant the owner and the fence that the client proposes, '0' for none; then what the key says while it is kept for
--        this process, which has been woken; see wake.lua
--
-- Replies this node's clock in µs, then for each grant two numbers: 1 and the fence, 0 for the one that was proposed; 0
-- and the ms that are left when another owner holds the key, 0 when an ACL keeps them from us; 2 and the same when its name
-- is told as well, which stands behind all grants, 6 bytes to a number: names of another length are not ours; -5 and 0 when the owner has
-- been undone already; -1 and 0 when it fails: it is asked again alone then, to be told the error.
-- Or this node's clock and one number about all of them: 0 when each is given with the fence that was proposed, as nearly
-- always; -2 when the client does not wait any more; -3 when the meta key says something else, or is gone with the rest of
-- the memory; -4 when the node does not vote yet.
--
-- R3: asked again by the owner that holds the key, it says yes again, with the same fence and a fresh TTL.
-- R4: a grant that comes after its deadline must die, and so must one that comes after its undo. Its client has given up
--     by then, and nobody would hold the key.
-- R5: see fence.lua.
-- R6: a node that may have forgotten votes gives none.
--
-- Half of what a grant costs a server is this script and not its commands. Therefore nothing is converted that need not be,
-- and no reply is put together that need not be. The first 16 digits of the meta value are smaller, as text, than the 10
-- digits of the clock's seconds when their seconds are smaller (from 2001 to 2286); numbers of equally many digits order
-- alike as text, which is worth it for many grants. Where digits are read that may begin with a 0, the base is named: to
-- miniredis that means octal.
local call = #KEYS == 4 and redis.call or redis.pcall
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now - ARGV[2] > 0 then
  return {now, -2}
end
local kept = redis.call('MGET', KEYS[1], KEYS[2])
local expected, undone = ARGV[1], kept[2]
if kept[1] ~= expected then
  return {now, -3}
end
if (expected >= time[1] or #time[1] ~= 10) and now < tonumber(string.sub(expected, 1, 16), 10) then
  return {now, -4}
end
local present, ttl = now / 64, ARGV[3]
local ceiling = present + 937500
local low, high, reply, names
if #KEYS > 4 then
  low, high = string.format('%.0f', math.floor(present)), string.format('%.0f', math.floor(ceiling))
end
for i = 3, #KEYS, 2 do
  local key, counter, owner, proposal = KEYS[i], KEYS[i + 1], ARGV[i + 1], ARGV[i + 2]
  local code, value = -5, 0
  if not undone or not string.find(undone, owner, 1, true) then
    code = 1
    local set = call('SET', key, owner, 'NX', 'PX', ttl)
    if not set then
      local holder = call('GET', key)
      if holder == owner then
        if call('PEXPIRE', key, ttl) == 1 then
          value = tonumber(call('GET', counter))
        else
          code = -1
        end
      elseif type(holder) == 'table' then
        code = -1
      elseif holder == ARGV[#ARGV] then
        if call('SET', key, owner, 'PX', ttl).ok then
          value = nil
        else
          code = -1
        end
      else
        code, value = 0, tonumber(call('PTTL', key)) or 0
        if #holder == 36 then
          code, names = 2, (names or '') .. holder
        end
      end
    elseif set.ok then
      value = nil
    else
      code = -1
    end
    if not value then
      -- The common case of R5, for which alone there is a command: the proposal is the larger one, and within bounds.
      local fits, stored
      if low and #low == #high then
        fits = #proposal == #low and proposal > low and proposal <= high
      else
        local proposed = tonumber(proposal)
        fits = proposed > present and proposed <= ceiling
      end
      if fits then
        stored = redis.pcall('SET', counter, proposal, 'PX', '86400000', 'GET')
      end
      if stored == false or stored and #stored == #proposal and stored < proposal then
        value = 0
      else
        code, value = fence(call, counter, proposal, stored, present, expected)
      end
    end
  end
  if not reply and (code ~= 1 or value ~= 0) then
    reply = {now}
    for n = 2, i - 3, 2 do
      reply[n], reply[n + 1] = 1, 0
    end
  end
  if reply then
    reply[i - 1], reply[i] = code, value
  end
end
for at = 1, names and #names or 0, 6 do
  local a, b, c, d, e, f = string.byte(names, at, at + 5)
  reply[#reply + 1] = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
return reply or {now, 0}
