{{- /* A Service's name has no dot and starts with a letter; with 11 more characters, a replica's
       hash is still a valid label. */}}
{{- define "nofos.name" -}}
{{- $name := .Release.Name | replace "." "-" -}}
{{- if regexMatch "^[0-9]" $name }}{{ $name = printf "nofos-bridge-%s" $name }}
{{- else if not (contains "nofos-bridge" $name) }}{{ $name = printf "%s-nofos-bridge" $name }}
{{- end -}}
{{- $name | trunc 52 | trimSuffix "-" }}
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

{{- /* TOML: JSON's scalars and lists are TOML's; a map is written as a string that contains JSON. */}}
{{- define "nofos.toml" -}}
{{- range $section, $names := .Values.settings }}
[{{ $section }}]
{{- range $name, $value := $names }}
{{ $name }} = {{ if kindIs "map" $value }}{{ $value | toJson | toJson }}{{ else }}{{ $value | toJson }}{{ end }}
{{- end }}
{{ end }}
{{- end }}

{{- /* The port of a URL: explicit, or that of its scheme. */}}
{{- define "nofos.port" -}}
{{- $url := urlParse . -}}
{{- $text := regexFind ":[0-9]+$" $url.host -}}
{{- if $text }}{{ trimPrefix ":" $text }}
{{- else }}{{ get (dict "mqtt" "1883" "mqtts" "8883" "http" "80" "https" "443") $url.scheme }}{{ end }}
{{- end }}

{{- /* A size of the settings (2GB, 512MiB, plain bytes) or of Kubernetes (4Gi), in bytes. */}}
{{- define "nofos.bytes" -}}
{{- if kindIs "string" . -}}
{{- $powers := dict "" 1 "b" 1 "k" 1e3 "kb" 1e3 "m" 1e6 "mb" 1e6 "g" 1e9 "gb" 1e9 "t" 1e12 "tb" 1e12 "ki" 1024 "kib" 1024 "mi" 1048576 "mib" 1048576 "gi" 1073741824 "gib" 1073741824 "ti" 1099511627776 "tib" 1099511627776 -}}
{{- $unit := regexFind "[a-z]*$" (lower .) -}}
{{- mulf (regexFind "^[0-9.]+" (trim .)) (get $powers $unit | default 1) | printf "%.0f" -}}
{{- else -}}
{{- printf "%.0f" (float64 .) -}}
{{- end -}}
{{- end }}

{{- /* HTTPS if the bridge's page has a certificate. */}}
{{- define "nofos.https" -}}
{{- if (.Values.settings.web | default dict).cert_file }}yes{{ end }}
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
