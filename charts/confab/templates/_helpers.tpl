{{- define "confab.fullname" -}}
{{- .Values.fullnameOverride | default (printf "%s-operator" .Release.Name) | trunc 53 | trimSuffix "-" -}}
{{- end }}

{{- define "confab.account" -}}
{{- .Values.serviceAccount.name | default (include "confab.fullname" .) -}}
{{- end }}

{{- define "confab.lease" -}}
{{- .Values.election.lease | default (include "confab.fullname" .) -}}
{{- end }}

{{- /* Labels by which the operator's pods are selected. They never change. */}}
{{- define "confab.selector" -}}
app.kubernetes.io/name: confab-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "confab.podLabels" -}}
{{ include "confab.selector" . }}
app.kubernetes.io/part-of: confab
{{- end }}

{{- define "confab.labels" -}}
{{ include "confab.podLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* An image of ours: registry, repository, and the tag or what stands for none. */}}
{{- define "confab.image" -}}
{{- $name := printf "%s:%s" .image.repository (.image.tag | default .version) -}}
{{- if .registry }}{{ printf "%s/%s" (trimSuffix "/" .registry) $name }}{{ else }}{{ $name }}{{ end -}}
{{- end }}

{{- define "confab.defaultHost.namespace" -}}
{{- .Values.defaultHost.namespace | default .Release.Namespace -}}
{{- end }}
