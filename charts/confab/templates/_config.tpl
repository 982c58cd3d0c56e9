{{- /* The operator's Config, as `confab-operator --print-default-config` describes it. */}}
{{- define "confab.config" -}}
{{- $release := .Values.tenants.release | default .Chart.AppVersion -}}
{{- $images := dict "redis" (printf "%s:%s" .Values.tenants.images.redis.repository .Values.tenants.images.redis.tag) -}}
{{- range $role := list "messaging" "presence" "serve" -}}
{{- $image := dict "image" (index $.Values.tenants.images $role) "registry" $.Values.registry "version" $release -}}
{{- $_ := set $images $role (include "confab.image" $image) -}}
{{- end -}}
{{- $operator := dict "namespace" .Release.Namespace "pod_labels" (include "confab.selector" . | fromYaml) -}}
{{- $tenants := dict
    "release" $release
    "images" $images
    "image_pull_secrets" .Values.tenants.imagePullSecrets
    "image_pull_policy" .Values.tenants.imagePullPolicy
    "cluster_domain" .Values.tenants.clusterDomain
    "operator" $operator
    "operator_keys" .Values.tenants.operatorKeys
    "service_monitor_labels" .Values.monitoring.serviceMonitor.labels
-}}
{{- if .Values.monitoring.namespace -}}
{{- $_ := set $tenants "monitoring" (dict "namespace" .Values.monitoring.namespace "pod_labels" .Values.monitoring.podLabels) -}}
{{- end -}}
{{- $config := dict
    "namespace" .Release.Namespace
    "watch_namespaces" .Values.watchNamespaces
    "workers" (int .Values.workers)
    "resync_seconds" (int .Values.resyncSeconds)
    "election" (dict "lease" (include "confab.lease" .) "duration_seconds" (int .Values.election.durationSeconds))
    "ops" (dict "listen" "0.0.0.0:9090")
    "log" (dict "filter" .Values.log.filter "format" .Values.log.format)
    "tenants" $tenants
-}}
{{- if .Values.defaultHost.name -}}
{{- $_ := set $config "default_host" (printf "%s/%s" (include "confab.defaultHost.namespace" .) .Values.defaultHost.name) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}
