obj.spec.hibernated = nil
return obj
