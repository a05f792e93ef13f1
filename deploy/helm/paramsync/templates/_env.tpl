{{/* What boto3 takes from the environment. What stands in extraEnv goes before what follows from other values. */}}
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
{{- $direct := list "$(KUBERNETES_SERVICE_HOST)" "169.254.170.23" "169.254.169.254" "fd00:ec2::23" "fd00:ec2::254" }}
{{- $env = append $env (dict "name" "NO_PROXY" "value" (concat $direct .Values.proxy.noProxy | join ",")) }}
{{- end }}
{{- $given := list }}
{{- range .Values.extraEnv }}
{{- $given = append $given .name }}
{{- end }}
{{- $all := list }}
{{- range $env }}
{{- if not (has .name $given) }}
{{- $all = append $all . }}
{{- end }}
{{- end }}
{{- with concat $all .Values.extraEnv }}
{{- toYaml . }}
{{- end }}
{{- end -}}
