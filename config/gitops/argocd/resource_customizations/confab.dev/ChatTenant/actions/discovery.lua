-- What may be done to a ChatTenant in its present state.
local placement = obj.spec.placement or {}
local dedicated = placement.mode == "Dedicated"
local asleep = obj.spec.hibernated == true
local paused = obj.spec.paused == true

local status = obj.status or {}
local version = status.version or {}
local annotations = obj.metadata.annotations or {}
local let_in = annotations["confab.dev/release"]
local waits = version.available ~= nil and version.available ~= let_in

return {
  hibernate = {
    displayName = "Hibernate: stop the pods, keep the data",
    iconClass = "fa fa-fw fa-moon",
    disabled = asleep,
  },
  wake = {
    displayName = "Wake",
    iconClass = "fa fa-fw fa-sun",
    disabled = not asleep,
  },
  pause = {
    displayName = "Pause the operator for this tenant",
    iconClass = "fa fa-fw fa-pause",
    disabled = paused,
  },
  resume = {
    displayName = "Resume the operator for this tenant",
    iconClass = "fa fa-fw fa-play",
    disabled = not paused,
  },
  restart = {
    displayName = "Replace the pods one by one",
    iconClass = "fa fa-fw fa-rotate-right",
    disabled = not dedicated or asleep or paused,
  },
  release = {
    displayName = "Let the new release in",
    iconClass = "fa fa-fw fa-circle-up",
    disabled = not waits or paused,
  },
}
