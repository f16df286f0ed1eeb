-- running: which server process this is; '-' where INFO does not tell.
local function running()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
end
