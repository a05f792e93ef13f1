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
{{- /* No namespace has a dot in its name: what stands before it is a namespace. */ -}}
{{- printf "%s.%s" .Release.Namespace $name -}}
{{- end -}}
{{- end -}}

{{/* The name of the Service, which may have no dot, begins with a letter, and is not longer than the others. */}}
{{- define "paramsync.serviceName" -}}
{{- $name := include "paramsync.fullname" . | replace "." "-" | trunc 53 | trimSuffix "-" -}}
{{- printf "%s%s-metrics" (regexMatch "^[a-z]" $name | ternary "" "p-") $name -}}
{{- end -}}

{{- define "paramsync.image" -}}
{{- with .Values.image.digest -}}
{{- printf "%s@%s" $.Values.image.repository . -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
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
app.kubernetes.io/name: {{ include "paramsync.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "paramsync.labels" -}}
{{- $own := include "paramsync.selector" . | fromYaml }}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion }}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service }}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") }}
{{- merge $own .Values.labels | toYaml }}
{{- end -}}

{{/* The settings file: what stands in the values and is not empty. */}}
{{- define "paramsync.settings" -}}
{{- $settings := dict }}
{{- range $field := list "region" "stores" "budget" "maxDecryptedMiB" "watchNamespaces" }}
{{- with index $.Values $field }}
{{- $_ := set $settings $field . }}
{{- end }}
{{- end }}
{{- if not $.Values.metrics.objects }}
{{- $_ := set $settings "metrics" (dict "objects" false) }}
{{- end }}
{{- toYaml $settings }}
{{- end -}}
