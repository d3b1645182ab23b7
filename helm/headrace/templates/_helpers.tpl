{{- define "headrace.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The labels by which objects are selected. Takes (dict "root" $ "role" "api"). */}}
{{- define "headrace.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{/* All labels of an object. Takes (dict "root" $ "role" "api"). */}}
{{- define "headrace.labels" -}}
{{ include "headrace.selector" . }}
app.kubernetes.io/part-of: headrace
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "headrace.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* Name of the service account of a role. Takes (dict "root" $ "role" "api"). */}}
{{- define "headrace.serviceAccount" -}}
{{- if .root.Values.serviceAccount.create -}}
{{ include "headrace.fullname" .root }}-{{ .role }}
{{- else -}}
{{ default "default" .root.Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "headrace.issuer" -}}
{{- $service := printf "http://%s.%s.svc.%s:8124" (include "headrace.fullname" .) .Release.Namespace .Values.clusterDomain -}}
{{- default $service .Values.config.issuer -}}
{{- end -}}

{{/* Where Redis is, as an entry of a container's environment. */}}
{{- define "headrace.redisEnv" -}}
- name: HEADRACE_REDIS_URL
{{- if .Values.redis.existingSecret.name }}
  valueFrom:
    secretKeyRef:
      name: {{ .Values.redis.existingSecret.name }}
      key: {{ .Values.redis.existingSecret.key }}
{{- else if .Values.redis.staging.enabled }}
  value: redis://{{ include "headrace.fullname" . }}-redis:6379
{{- else }}
  value: {{ .Values.redis.url | quote }}
{{- end }}
{{- end -}}

{{/* The key that signs tokens, as entries of a node's environment, mounts and volumes: none if Redis keeps it. */}}
{{- define "headrace.signingKeyEnv" -}}
{{- if .Values.signingKeySecret.name }}
- name: HEADRACE_SIGNING_KEY
  value: /etc/headrace/signing-key/key.pem
{{- end }}
{{- end -}}

{{- define "headrace.signingKeyMount" -}}
{{- if .Values.signingKeySecret.name }}
- {name: signing-key, mountPath: /etc/headrace/signing-key, readOnly: true}
{{- end }}
{{- end -}}

{{- define "headrace.signingKeyVolume" -}}
{{- with .Values.signingKeySecret }}
{{- if .name }}
- name: signing-key
  secret:
    secretName: {{ .name }}
    items:
      - {key: {{ .key | quote }}, path: key.pem}
{{- end }}
{{- end }}
{{- end -}}

{{/* The settings that all commands share come from here. */}}
{{- define "headrace.envFrom" -}}
- configMapRef:
    name: {{ include "headrace.fullname" . }}-config
{{- end -}}

{{/* The restricted profile, for pods. */}}
{{- define "headrace.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* The restricted profile, for containers. */}}
{{- define "headrace.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What the pods of all roles have in common, but for their containers. Takes (dict "root" $ "role" "api" "values" .Values.api). */}}
{{- define "headrace.podSpec" -}}
serviceAccountName: {{ include "headrace.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "headrace.podSecurity" .root | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- $selector := dict "matchLabels" (include "headrace.selector" . | fromYaml) }}
  {{- $overHosts := dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway" }}
  {{- range (default (list $overHosts) .values.topologySpreadConstraints) }}
  - {{- toYaml (merge (dict "labelSelector" $selector) .) | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Mounts of a container, and below the volumes of its pod. */}}
{{- define "headrace.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.redis.caSecret.name }}
- name: redis-ca
  mountPath: /etc/headrace/redis-ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "headrace.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if .Values.redis.caSecret.name }}
- name: redis-ca
  secret:
    secretName: {{ .Values.redis.caSecret.name }}
    items:
      - key: {{ .Values.redis.caSecret.key }}
        path: ca.crt
{{- end }}
{{- end -}}

{{/* A pause before SIGTERM, in an image without a shell. Takes (dict "root" $ "seconds" 5). */}}
{{- define "headrace.preStop" -}}
{{- if gt (int .seconds) 0 -}}
lifecycle:
  preStop:
    {{- if semverCompare ">=1.30-0" .root.Capabilities.KubeVersion.Version }}
    sleep:
      seconds: {{ .seconds }}
    {{- else }}
    exec:
      command: [/opt/headrace/bin/python, -c, "import time; time.sleep({{ .seconds }})"]
    {{- end }}
{{- end -}}
{{- end -}}

{{/* A whole PodDisruptionBudget. Takes (dict "root" $ "role" "api" "pdb" .Values.api.pdb). */}}
{{- define "headrace.pdb" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "headrace.fullname" .root }}-{{ .role }}
  labels:
    {{- include "headrace.labels" . | nindent 4 }}
spec:
  {{- if ne (toString .pdb.minAvailable) "" }}
  minAvailable: {{ .pdb.minAvailable }}
  {{- else }}
  maxUnavailable: {{ .pdb.maxUnavailable }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "headrace.selector" . | nindent 6 }}
{{- end -}}

{{/* A whole HorizontalPodAutoscaler by CPU. Takes (dict "root" $ "role" "api" "autoscaling" ...). */}}
{{- define "headrace.hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "headrace.fullname" .root }}-{{ .role }}
  labels:
    {{- include "headrace.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "headrace.fullname" .root }}-{{ .role }}
  minReplicas: {{ .autoscaling.minReplicas }}
  maxReplicas: {{ .autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .autoscaling.targetCPUUtilizationPercentage }}
{{- end -}}
