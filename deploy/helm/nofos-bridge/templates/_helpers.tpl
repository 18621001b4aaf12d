{{- define "nofos.name" -}}
{{- if contains "nofos-bridge" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-nofos-bridge{{ end }}
{{- end }}

{{- define "nofos.selector" -}}
app.kubernetes.io/name: nofos-bridge
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nofos.labels" -}}
{{ include "nofos.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "nofos.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- /* TOML: JSON's scalars and lists are TOML's; a map is given as text that holds JSON. */}}
{{- define "nofos.toml" -}}
{{- range $section, $names := .Values.settings }}
[{{ $section }}]
{{- range $name, $value := $names }}
{{ $name }} = {{ if kindIs "map" $value }}{{ $value | toJson | toJson }}{{ else }}{{ $value | toJson }}{{ end }}
{{- end }}
{{ end }}
{{- end }}

{{- /* The port that a URL's scheme or text says. */}}
{{- define "nofos.port" -}}
{{- $url := urlParse . -}}
{{- $text := regexFind ":[0-9]+$" $url.host -}}
{{- if $text }}{{ trimPrefix ":" $text }}
{{- else }}{{ get (dict "mqtt" "1883" "mqtts" "8883" "http" "80" "https" "443") $url.scheme }}{{ end }}
{{- end }}

{{- define "nofos.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "nofos.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
{{- end }}

{{- define "nofos.env" -}}
- name: NOFOS_CONFIG
  value: /etc/nofos-bridge/nofos-bridge.toml
{{- if .Values.existingSecret }}
- name: NOFOS_SECRETS_DIR
  value: /etc/nofos-bridge-secrets
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "nofos.mounts" -}}
- name: settings
  mountPath: /etc/nofos-bridge
  readOnly: true
{{- if .Values.existingSecret }}
- name: secrets
  mountPath: /etc/nofos-bridge-secrets
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "nofos.volumes" -}}
- name: settings
  configMap:
    name: {{ include "nofos.name" . }}
{{- if .Values.existingSecret }}
- name: secrets
  secret:
    secretName: {{ .Values.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "nofos.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
