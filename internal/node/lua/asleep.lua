-- asleep: stands in for wake.lua where nobody is told that a key is free: in mode Plain.
local function wake()
end
