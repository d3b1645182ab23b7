{{/* The settings that both kinds of node share; a change rolls the pods by their checksum. */}}
{{- define "headrace.config" -}}
{{- $own := include "headrace.ownConfig" . | fromYaml -}}
{{- $ofNodes := list "redis_url" "grpc_port" "http_port" "metrics_port" "insecure" "drain_s" "queues" "limits" "egress" "max_in_flight" "lease_s" "slow_poll_s" "overload_control" "ramp_up" "app_engine_target" "app_engine_services" "target_ca" "oauth_token_dir" "signing_key" -}}
{{- range $name, $value := .Values.config.settings -}}
{{- if or (hasKey $own (printf "HEADRACE_%s" (upper $name))) (has $name $ofNodes) -}}
{{- fail (printf "config.settings.%s cannot be set there: the chart has a value of its own for it." $name) -}}
{{- end -}}
{{- $_ := set $own (printf "HEADRACE_%s" (upper $name)) (ternary (printf "%.15g" $value) (toString $value) (kindIs "float64" $value)) -}}
{{- end -}}
{{- toYaml $own -}}
{{- end -}}

{{- define "headrace.ownConfig" -}}
HEADRACE_NAMESPACE: {{ .Values.redis.namespace | quote }}
HEADRACE_PARTITIONS: {{ .Values.redis.partitions | quote }}
HEADRACE_HOST: {{ .Values.config.host | quote }}
HEADRACE_ISSUER: {{ include "headrace.issuer" . | quote }}
HEADRACE_PROJECT: {{ .Values.config.project | quote }}
HEADRACE_LOCATION: {{ .Values.config.location | quote }}
HEADRACE_APP_ENGINE_DOMAIN: {{ .Values.config.appEngineDomain | quote }}
HEADRACE_QUEUE_LABELS: {{ .Values.config.queueLabels | quote }}
HEADRACE_LOG_LEVEL: {{ .Values.config.logLevel | quote }}
{{- if .Values.config.limits }}
{{- $limits := list }}
{{- range $name, $limit := .Values.config.limits }}
{{- $limits = append $limits (printf "%s=%.15g" $name (float64 $limit)) }}
{{- end }}
HEADRACE_LIMITS: {{ join "," $limits | quote }}
{{- end }}
{{- end -}}

{{- define "headrace.checksum" -}}
checksum/config: {{ include "headrace.config" . | sha256sum }}
{{- end -}}
