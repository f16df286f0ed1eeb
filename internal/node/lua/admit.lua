-- admit: whether grants may be given by this script: see vote.lua, and the deadline of R4.
--
--   deadline   until when the client waits for the grants, in µs of this node's time
--
-- Returns what vote returns, or -2 and by how many µs the grants came too late. Their client has given up by then, and
-- has taken them back: a server that hung, and now carries out its backlog, would store keys that nobody holds.
local function admit(meta, gone, expected, deadline)
  local late = now() - tonumber(deadline)
  if late > 0 then
    return -2, late
  end
  return vote(meta, gone, expected)
end
