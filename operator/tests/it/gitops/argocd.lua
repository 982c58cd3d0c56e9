-- Runs a script as Argo CD runs one of its ConfigMap: with `obj`, the basics, `table`, and of `os` the clock alone.
--
--   glua argocd.lua SCRIPT OBJECT      OBJECT: a Lua file that returns the object
--
-- Prints what the script returns as JSON. A table without members may be an object or a list: it is printed as a list, as Argo CD
-- does, which then looks at what was there before.
local script, object = arg[1], arg[2]
local ipairs, pairs, tostring, type, write = ipairs, pairs, tostring, type, io.write
local find, format, gsub, byte = string.find, string.format, string.gsub, string.byte

local clock = { time = os.time, date = os.date }
local environment = {
  obj = dofile(object),
  table = table,
  os = clock,
  require = function(name)
    if name ~= "os" then
      error("there is no module " .. name)
    end
    return clock
  end,
}
for _, name in ipairs({ "assert", "error", "ipairs", "next", "pairs", "pcall", "select", "tonumber", "tostring", "type", "unpack" }) do
  environment[name] = _G[name]
end
environment._G = environment
-- ("text"):format() and its like are not there either.
getmetatable("").__index = nil

local encode

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\]', function(char)
    return format("\\u%04x", byte(char))
  end) .. '"'
end

local function list(value)
  local items = {}
  for _, item in ipairs(value) do
    items[#items + 1] = encode(item)
  end
  return "[" .. table.concat(items, ",") .. "]"
end

local function map(value)
  local members = {}
  for key, member in pairs(value) do
    members[#members + 1] = quoted(key) .. ":" .. encode(member)
  end
  return "{" .. table.concat(members, ",") .. "}"
end

encode = function(value)
  if type(value) == "table" then
    if next(value) == nil or value[1] ~= nil then
      return list(value)
    end
    return map(value)
  elseif type(value) == "string" then
    return quoted(value)
  elseif type(value) == "number" then
    return format("%d", value)
  end
  return tostring(value)
end

local chunk, problem = loadfile(script)
if chunk == nil then
  error(problem)
end
setfenv(chunk, environment)
write(encode(chunk()), "\n")
