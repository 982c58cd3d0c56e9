if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["confab.dev/release"] = obj.status.version.available
return obj
