{{- /* Generated from operator/desired/src/permissions by `make generate`. Do not edit. */}}
{{- define "confab.rules.tenants" -}}
# What is looked after. Patched is the finalizer alone.
- apiGroups: ["confab.dev"]
  resources: ["chattenants"]
  verbs: ["list", "watch", "patch"]
# What was observed.
- apiGroups: ["confab.dev"]
  resources: ["chattenants/status"]
  verbs: ["patch"]
# Objects of a tenant name it as their owner. The admission plugin OwnerReferencesPermissionEnforcement asks for this.
- apiGroups: ["confab.dev"]
  resources: ["chattenants/finalizers"]
  verbs: ["update"]
# Objects of a tenant. Deleted are those that it does not need any more.
- apiGroups: [""]
  resources: ["serviceaccounts", "configmaps", "services"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Read and made one by one, by name: never listed, never watched. Deleted is none; the right to is what OwnerReferencesPermissionEnforcement asks for when spec.deletionPolicy changes what goes with the tenant.
- apiGroups: [""]
  resources: ["secrets"]
  verbs: ["get", "create", "patch", "delete"]
# Objects of a tenant. Deleted are those that it does not need any more.
- apiGroups: ["networking.k8s.io"]
  resources: ["networkpolicies", "ingresses"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Data. Deleted is none by the operator itself; the right to is asked for as for Secrets.
- apiGroups: [""]
  resources: ["persistentvolumeclaims"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Where CloudNativePG is installed. Deleted is none by the operator itself; the right to is asked for as for Secrets.
- apiGroups: ["postgresql.cnpg.io"]
  resources: ["clusters"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Objects of a tenant. Deleted are those that it does not need any more.
- apiGroups: ["apps"]
  resources: ["statefulsets", "deployments"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Objects of a tenant. Deleted are those that it does not need any more.
- apiGroups: ["policy"]
  resources: ["poddisruptionbudgets"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Objects of a tenant. Deleted are those that it does not need any more.
- apiGroups: ["autoscaling"]
  resources: ["horizontalpodautoscalers"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Where cert-manager is installed.
- apiGroups: ["cert-manager.io"]
  resources: ["certificates"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Where the Gateway API is installed.
- apiGroups: ["gateway.networking.k8s.io"]
  resources: ["httproutes"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Where the Prometheus operator is installed.
- apiGroups: ["monitoring.coreos.com"]
  resources: ["servicemonitors"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
# Why pods of a tenant do not become ready.
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["list"]
# The labels of a guest's namespace, where its host chooses guests by labels.
- apiGroups: [""]
  resources: ["namespaces"]
  verbs: ["get"]
# Told are transitions; patched is the count of one that comes again.
- apiGroups: ["events.k8s.io"]
  resources: ["events"]
  verbs: ["create", "patch"]
# Whether another operator, which a tenant's status names, still lives.
- apiGroups: ["coordination.k8s.io"]
  resources: ["leases"]
  verbs: ["get"]
{{- end }}

{{- define "confab.rules.own" -}}
# Who acts, of several operators. The right to create cannot be bound to a name; read are those of others, too.
- apiGroups: ["coordination.k8s.io"]
  resources: ["leases"]
  resourceNames: ['{{ include "confab.lease" . }}']
  verbs: ["list", "watch", "update"]
# Who acts, of several operators. The right to create cannot be bound to a name; read are those of others, too.
- apiGroups: ["coordination.k8s.io"]
  resources: ["leases"]
  verbs: ["get", "create"]
# The operator's own key, made once. The right to create cannot be bound to a name.
- apiGroups: [""]
  resources: ["secrets"]
  resourceNames: ["confab-operator-key"]
  verbs: ["get"]
# The operator's own key, made once. The right to create cannot be bound to a name.
- apiGroups: [""]
  resources: ["secrets"]
  verbs: ["create"]
{{- end }}
