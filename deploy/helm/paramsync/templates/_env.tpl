{{/* What boto3 takes from the environment. */}}
{{- define "paramsync.env" -}}
{{- $env := list }}
{{- with .Values.region }}
{{- $env = append $env (dict "name" "AWS_REGION" "value" .) }}
{{- end }}
{{- with .Values.caBundle.configMap }}
{{- $env = append $env (dict "name" "AWS_CA_BUNDLE" "value" "/etc/paramsync-ca/ca.crt") }}
{{- end }}
{{- with .Values.proxy.https }}
{{- $env = append $env (dict "name" "HTTPS_PROXY" "value" .) }}
{{- end }}
{{- with .Values.proxy.http }}
{{- $env = append $env (dict "name" "HTTP_PROXY" "value" .) }}
{{- end }}
{{- if or .Values.proxy.https .Values.proxy.http }}
{{- $direct := concat (list "$(KUBERNETES_SERVICE_HOST)" "169.254.170.23" "169.254.169.254") .Values.proxy.noProxy }}
{{- $env = append $env (dict "name" "NO_PROXY" "value" (join "," $direct)) }}
{{- end }}
{{- with concat $env .Values.extraEnv }}
{{- toYaml . }}
{{- end }}
{{- end -}}
