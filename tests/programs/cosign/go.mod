module paramsync/cosign

go 1.26.0

require github.com/sigstore/cosign/v3 v3.0.6
