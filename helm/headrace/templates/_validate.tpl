{{/* What the schema cannot say. Each problem is one sentence with its remedy. */}}
{{- define "headrace.validate" -}}
{{- $redis := .Values.redis -}}
{{- $ways := 0 -}}
{{- if $redis.url }}{{ $ways = add1 $ways }}{{ end -}}
{{- if $redis.existingSecret.name }}{{ $ways = add1 $ways }}{{ end -}}
{{- if $redis.staging.enabled }}{{ $ways = add1 $ways }}{{ end -}}
{{- if eq (int $ways) 0 -}}
{{- fail "There is no Redis: set redis.url, or redis.existingSecret.name if the URL has a password, or redis.staging.enabled=true for a single Redis in the cluster." -}}
{{- end -}}
{{- if gt (int $ways) 1 -}}
{{- fail "There is more than one Redis: set only one of redis.url, redis.existingSecret.name and redis.staging.enabled." -}}
{{- end -}}
{{- if and $redis.url (regexMatch "^[a-z+]+://[^/]*:[^/@]+@" $redis.url) -}}
{{- fail "redis.url has a password in it, which everybody could read who may look at pods: put the URL into a Secret and name that in redis.existingSecret.name." -}}
{{- end -}}
{{- if and $redis.caSecret.name $redis.url (not (contains "ssl_ca_certs=/etc/headrace/redis-ca/ca.crt" $redis.url)) -}}
{{- fail "redis.caSecret is set but redis.url does not use it: append ?ssl_ca_certs=/etc/headrace/redis-ca/ca.crt to a rediss:// URL." -}}
{{- end -}}
{{- if and (or .Values.ingress.enabled .Values.gateway.enabled (ne .Values.api.service.type "ClusterIP")) (not .Values.api.acceptUnauthenticated) -}}
{{- fail "This opens the API beyond the cluster, and it does not authenticate its callers: put a proxy or gateway that does in front of it and set api.acceptUnauthenticated=true." -}}
{{- end -}}
{{- if and (not .Values.networkPolicy.enabled) (not .Values.api.acceptUnauthenticated) -}}
{{- fail "Without a NetworkPolicy every pod of the cluster can use the API, which does not authenticate its callers: leave networkPolicy.enabled=true, or set api.acceptUnauthenticated=true." -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled needs ingress.host." -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.enabled needs gateway.parentRefs: the Gateways that the routes attach to." -}}
{{- end -}}
{{- range $role := list "api" "dispatcher" -}}
{{- $values := index $.Values $role -}}
{{- if $values.pdb.enabled -}}
{{- if and (ne (toString $values.pdb.minAvailable) "") (ne (toString $values.pdb.maxUnavailable) "") -}}
{{- fail (printf "%s.pdb has both minAvailable and maxUnavailable: set one of them to \"\"." $role) -}}
{{- end -}}
{{- if and (eq (toString $values.pdb.minAvailable) "") (eq (toString $values.pdb.maxUnavailable) "") -}}
{{- fail (printf "%s.pdb needs minAvailable or maxUnavailable; or set %s.pdb.enabled=false." $role $role) -}}
{{- end -}}
{{- end -}}
{{- if and $values.autoscaling.enabled (gt (int $values.autoscaling.minReplicas) (int $values.autoscaling.maxReplicas)) -}}
{{- fail (printf "%s.autoscaling.minReplicas is greater than maxReplicas." $role) -}}
{{- end -}}
{{- end -}}
{{- $scaling := .Values.dispatcher.autoscaling -}}
{{- if and $scaling.enabled (eq $scaling.kind "keda") (not $scaling.keda.prometheusUrl) -}}
{{- fail "dispatcher.autoscaling.kind=keda needs dispatcher.autoscaling.keda.prometheusUrl." -}}
{{- end -}}
{{- if and .Values.dispatcher.oauthTokens.secretName (not .Values.dispatcher.oauthTokens.accounts) -}}
{{- fail "dispatcher.oauthTokens.secretName needs dispatcher.oauthTokens.accounts: the key of each service account's token." -}}
{{- end -}}
{{- end -}}
