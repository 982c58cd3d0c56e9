{{- define "confab-crds.labels" -}}
app.kubernetes.io/name: confab
app.kubernetes.io/part-of: confab
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
