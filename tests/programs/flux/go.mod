module paramsync/flux

go 1.26.0

require (
	github.com/fluxcd/helm-controller v1.6.1
	github.com/fluxcd/kustomize-controller v1.9.6
	github.com/fluxcd/source-controller v1.9.6
)
