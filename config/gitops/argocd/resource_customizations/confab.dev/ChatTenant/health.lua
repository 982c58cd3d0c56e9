-- The health of a ChatTenant, from the conditions that kstatus knows. Argo CD gives a script neither `string` nor `math`.
local function condition(name)
  local status = obj.status or {}
  for _, found in ipairs(status.conditions or {}) do
    if found.type == name and found.status == "True" then
      return found
    end
  end
  return nil
end

local function health(status, message)
  return { status = status, message = message }
end

local function told(found)
  return found.reason .. ": " .. found.message
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "the tenant is being deleted")
end

-- Nothing is brought about before somebody resumes it, so that a sync had better wait.
if obj.spec.paused == true then
  return health("Suspended", "spec.paused is true: the operator leaves the tenant as it is")
end

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "waiting for the operator to look at the newest spec")
end

local stalled = condition("Stalled")
if stalled ~= nil then
  return health("Degraded", told(stalled))
end

local reconciling = condition("Reconciling")
if reconciling ~= nil then
  return health("Progressing", told(reconciling))
end

if condition("Ready") == nil then
  return health("Progressing", "the tenant is not ready yet")
end

-- Asleep is what the spec wants. "Suspended" would hold up every later wave of a sync for as long as the tenant sleeps.
local message = "the tenant can be used"
if obj.spec.hibernated == true then
  message = "the tenant sleeps: spec.hibernated is true"
end
local waiting = condition("UpdateWaiting")
if waiting ~= nil then
  message = message .. "; " .. waiting.message
end
return health("Healthy", message)
