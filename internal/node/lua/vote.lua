-- vote: whether this node may give grants (R6), asked once for all grants of a script.
--
--   meta, gone   the node's meta key, and the key with the owners that were undone before their grant came
--   expected     what the client knows as the meta key's value; its first 16 digits are from when on the node votes
--
-- Returns 0 when it may; -3 when the meta key says something else, or is gone with the rest of the memory; -4 and for how
-- many µs more it may not, because it may have forgotten votes that still count.
local withdrawn, ready
local function vote(meta, gone, expected)
  local kept = redis.call('MGET', meta, gone)
  withdrawn = kept[2]
  if kept[1] ~= expected then
    return -3, 0
  end
  ready = tonumber(string.sub(expected, 1, 16))
  local wait = ready - now()
  if wait > 0 then
    return -4, wait
  end
  return 0, 0
end
