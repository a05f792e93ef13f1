// Package cosign is not built: it names the module whose files are read, so that `go mod tidy` keeps it in go.mod. The
// package that it imports is the smallest one, and needs no other module.
package cosign

import _ "github.com/sigstore/cosign/v3/pkg/types"
