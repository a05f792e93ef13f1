{{/* What the operator may do where it reads syncs; docs/install.md#rights says why each right is there. */}}
{{- define "paramsync.rights" -}}
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [get, create, patch, delete]
{{- /* Labels of namespaces: a ClusterParameterStore may ask for them any time, a store of the values does or does not. */}}
{{- if or (not .Values.watchNamespaces) (regexMatch "\"namespaceSelector\"|{label:" (toJson .Values.stores)) }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- end }}
{{- if .Values.parameterStores.enabled }}
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get]
- apiGroups: [""]
  resources: [serviceaccounts/token]
  verbs: [create]
- apiGroups: [paramsync.dev]
  resources: [parameterstores/status]
  verbs: [patch]
{{- end }}
- apiGroups: [paramsync.dev]
  resources: [parametersyncs, parameterstores]
  verbs: [get, list, watch]
- apiGroups: [paramsync.dev]
  resources: [parametersyncs/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end -}}
