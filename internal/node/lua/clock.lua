-- clock: this node's clock in µs, read once for all commands of a script.
local time
local function now()
  if not time then
    local t = redis.call('TIME')
    time = t[1] * 1000000 + t[2]
  end
  return time
end
