#!/bin/sh
# Carries out the Dockerfile's steps without a container engine, as root on a Debian with
# debootstrap: the same commands in a fresh root, and the bridge in it as the image runs it:
# its user, no capabilities, the root read-only except for /data, process 1 of its own process
# namespace, with no network but its own loopback.
#
# What it cannot check: the layers, the official base image, labels, and the engine's own behaviour.
set -eu
cd "$(dirname "$0")/.."
SUITE=${SUITE:-trixie}
BASE=$PWD/.cache/image-root
ROOT=$(mktemp -d "${TMPDIR:-/tmp}/image.XXXXXX")
trap 'rm -rf "$ROOT"' EXIT
say() { printf '%s\n' "$*"; }

# lines WORD: the arguments of the Dockerfile's instructions of that name, each on one line.
lines() {
    awk -v word="$1" '
        /^[ \t]*#/ { next }
        { sub(/^[ \t]+/, ""); more = sub(/\\$/, ""); text = text $0 }
        more { next }
        { if (index(text, word " ") == 1) print substr(text, length(word) + 2); text = "" }
    ' Dockerfile
}

[ "$(id -u)" = 0 ] || { say "Only root can: chroot, and another user." >&2; exit 1; }
for each in debootstrap ip; do
    command -v "$each" >/dev/null || sh deploy/bootstrap.sh apt debootstrap iproute2 >/dev/null
done
if [ ! -e "$BASE/usr/local/bin/python" ]; then
    say "Making a fresh $SUITE in .cache/image-root ..."
    rm -rf "$BASE"
    mkdir -p .cache
    debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates \
        "$SUITE" "$BASE" >.cache/image-root.log
    # Its name in the official image.
    ln -s /usr/bin/python3 "$BASE/usr/local/bin/python"
fi
cp -a "$BASE/." "$ROOT"

say "Building: the two RUN instructions of the first stage"
mkdir -p "$ROOT/src/deploy"
cp deploy/requirements.lock "$ROOT/src/deploy/"
cp -r pyproject.toml README.md bridge "$ROOT/src/"
cp /etc/resolv.conf "$ROOT/etc/"
# How this machine reaches its package index is not part of the check.
cp /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/"
inside() {
    chroot "$ROOT" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/nonexistent \
        PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 \
        ${PIP_INDEX_URL:+"PIP_INDEX_URL=$PIP_INDEX_URL"} \
        ${https_proxy:+"https_proxy=$https_proxy"} sh -euc "cd /src; $1"
}
lines RUN | while read -r command; do
    inside "$command" >>.cache/image-build.log 2>&1 || { tail -n 20 .cache/image-build.log; exit 1; }
done
rm -rf "$ROOT/src" "$ROOT/root/.cache"

WORDS=$(printf '%s %s' "$(lines ENTRYPOINT)" "$(lines CMD)" | tr -d '[]",')
WHO=$(lines USER)
say "Running: $WORDS, as user $WHO"
mkdir -p "$ROOT/proc"
unshare --mount --pid --net --fork --kill-child sh -euc '
    mount --bind "$1" "$1"
    mount --bind "$1/data" "$1/data"
    mount -t proc proc "$1/proc"
    mount -o remount,bind,ro "$1"
    ip link set lo up
    root=$1 user=${2%:*} group=${2#*:}
    shift 2
    exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs \
        --bounding-set=-all --inh-caps=-all env -i NOFOS_JOURNAL__DIR=/data HOSTNAME=proof \
        PATH=/opt/nofos-bridge/bin:/usr/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
        "$@"
' sh "$ROOT" "$WHO" $WORDS >.cache/image-run.log 2>&1 &
ENGINE=$!
# The bridge itself: the kernel does not kill it with its parent once it has another user.
trap 'pkill -KILL --parent "$ENGINE" || true; wait "$ENGINE" || true; rm -rf "$ROOT"' EXIT

# in_it COMMAND..: as an engine runs a health check.
in_it() {
    nsenter --target "$BRIDGE" --mount --pid --net --root --wd="$ROOT" \
        --setuid "${WHO%:*}" --setgid "${WHO#*:}" \
        env -i PATH=/opt/nofos-bridge/bin:/usr/bin "$@"
}
healthy() {
    BRIDGE=$(pgrep --parent "$ENGINE") || return 1
    command=$(lines HEALTHCHECK | sed 's/.*CMD //')
    in_it python -c 'import json, os, sys; line = json.loads(sys.argv[1]); os.execv(line[0], line)' \
        "$command" >/dev/null 2>&1
}
tries=0
until healthy; do
    tries=$((tries + 1))
    kill -0 "$ENGINE" 2>/dev/null && [ $tries -lt 100 ] || { cat .cache/image-run.log; exit 1; }
    sleep 0.3
done
say "The health check passes."
in_it sh -c 'grep -E "^(Uid|Gid|Cap|NoNew)" /proc/1/status; ls -la /data
    for each in /tmp /opt /etc; do ! touch "$each/x" || exit 1; done'
kill -s "$(lines STOPSIGNAL | sed s/^SIG//)" "$BRIDGE"
code=0
wait "$ENGINE" || code=$?
tail -n 2 .cache/image-run.log
say "Asked to stop, it exited with $code."
[ "$code" = 0 ]
