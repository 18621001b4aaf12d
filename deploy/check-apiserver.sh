#!/bin/sh
# Builds kube-apiserver and kubectl for `make check-cluster` into .cache/go: five minutes once.
set -eu
cd "$(dirname "$0")/.."
VERSION=34.4
STAMP=v1.$VERSION

command -v etcd >/dev/null || [ -x /usr/bin/etcd ] || sh deploy/bootstrap.sh apt etcd-server >/dev/null
BIN=$PWD/.cache/go/bin
[ "$(cat "$BIN/.kubernetes" 2>/dev/null)" != "$STAMP" ] || exit 0
printf 'Building kube-apiserver 1.%s (once, five minutes) ...\n' "$VERSION"

# Kubernetes' modules have versions of their own, which only its own source tree resolves.
FOLDER=.cache/go/kubernetes
rm -rf "$FOLDER"
mkdir -p "$FOLDER" "$BIN"
cd "$FOLDER"
export GOFLAGS=-mod=mod
go mod init kubernetes
module=$(go mod download -json "k8s.io/kubernetes@v1.$VERSION" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
sed -n 's/^\t*\(k8s.io\/[a-z-]*\) v0\.0\.0$/\1/p' "$module" | sort -u | while read -r part; do
    go mod edit -replace "$part=$part@v0.$VERSION"
done
go mod edit -require "k8s.io/kubernetes@v1.$VERSION"
# A server that does not report its version counts as too old for every chart.
name=k8s.io/component-base/version
go build -ldflags "-X $name.gitVersion=$STAMP -X $name.gitMajor=1 -X $name.gitMinor=${VERSION%.*}" \
    -o "$BIN" k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl
printf '%s\n' "$STAMP" >"$BIN/.kubernetes"
