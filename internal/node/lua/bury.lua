-- bury: leave tombstones.
--
--   gone     the key with the owners that were undone before their grant came
--   grace    for how many ms a grant of theirs may still come
--   owners   the names to add, each with a space behind it
--
-- R4: a release that finds nothing may have overtaken its grant, which came by another connection. It leaves a
--     tombstone, the owner's name, until that grant is too late anyway. The list is cut at 32 KiB, oldest first, and stays
--     for as long as the owner in it that stays longest.
local function bury(gone, grace, owners)
  local left = redis.call('PTTL', gone)
  redis.call('SET', gone, string.sub((redis.call('GET', gone) or '') .. owners, -32768), 'PX', math.max(left, tonumber(grace)))
end
