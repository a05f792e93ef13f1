{{- define "paramsync.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of all objects of the release in its namespace. */}}
{{- define "paramsync.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "paramsync.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "paramsync.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of objects outside of any namespace: releases of one name in two namespaces must not meet. */}}
{{- define "paramsync.clusterName" -}}
{{- $name := include "paramsync.fullname" . -}}
{{- if eq $name .Release.Namespace -}}
{{- $name -}}
{{- else -}}
{{- printf "%s-%s" .Release.Namespace $name -}}
{{- end -}}
{{- end -}}

{{- define "paramsync.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "paramsync.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: name the account to use, or set serviceAccount.create" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "paramsync.selector" -}}
app.kubernetes.io/name: {{ include "paramsync.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "paramsync.labels" -}}
{{ include "paramsync.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The settings file: what stands in the values and is not empty. */}}
{{- define "paramsync.settings" -}}
{{- $settings := dict }}
{{- range $field := list "region" "stores" "budget" "maxDecryptedMiB" "watchNamespaces" }}
{{- with index $.Values $field }}
{{- $_ := set $settings $field . }}
{{- end }}
{{- end }}
{{- toYaml $settings }}
{{- end -}}
