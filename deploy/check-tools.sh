#!/bin/sh
# Builds the tools of `make check-deploy` into .cache/go: needs Go, and some minutes once.
set -eu
cd "$(dirname "$0")/.."
HELM=v3.22.0
KUSTOMIZE=v5.8.0
KUBECONFORM=v0.8.0
KUBE_SCORE=v1.20.0
COMPOSE=v2.40.3
# For the definitions of PodMonitor and PrometheusRule, which are read and not built.
OPERATOR=v0.85.0

command -v go >/dev/null || {
    printf '%s\n' "make check-deploy builds its tools with Go, which is not installed." >&2
    exit 1
}
GOBIN=$PWD/.cache/go/bin
export GOBIN
mkdir -p "$GOBIN"

# build MODULE VERSION: unless that version is there.
build() {
    name=$(basename "${1%/v[0-9]*}")
    [ "$(cat "$GOBIN/.$name" 2>/dev/null)" != "$2" ] || return 0
    printf 'Building %s %s (once, some minutes) ...\n' "$name" "$2"
    go install "$1@$2"
    printf '%s\n' "$2" >"$GOBIN/.$name"
}
build helm.sh/helm/v3/cmd/helm "$HELM"
build sigs.k8s.io/kustomize/kustomize/v5 "$KUSTOMIZE"
build github.com/yannh/kubeconform/cmd/kubeconform "$KUBECONFORM"
build github.com/zegl/kube-score/cmd/kube-score "$KUBE_SCORE"

if [ "$(cat "$GOBIN/.docker-compose" 2>/dev/null)" != "$COMPOSE" ]; then
    printf 'Building docker-compose %s (once, some minutes) ...\n' "$COMPOSE"
    # Its module has `exclude` lines, which `go install` does not accept.
    rm -rf .cache/go/compose
    mkdir -p .cache/go/compose
    (
        cd .cache/go/compose
        go mod init compose
        go mod edit -require "github.com/docker/compose/v2@$COMPOSE"
        GOFLAGS=-mod=mod go build -o "$GOBIN/docker-compose" github.com/docker/compose/v2/cmd
    )
    printf '%s\n' "$COMPOSE" >"$GOBIN/.docker-compose"
fi

module=github.com/prometheus-operator/prometheus-operator
if [ "$(cat .cache/go/.operator 2>/dev/null)" != "$OPERATOR" ]; then
    folder=$(cd /tmp && go mod download -json "$module@$OPERATOR" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    rm -rf .cache/go/crds
    cp -r "$folder/example/prometheus-operator-crd" .cache/go/crds
    chmod -R u+w .cache/go/crds
    printf '%s\n' "$OPERATOR" >.cache/go/.operator
fi
