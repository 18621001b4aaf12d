#!/bin/sh
# Sets up what the benchmark compares with, once: one program from Debian, one from PyPI in an
# environment of its own. What cannot be had is left out of the comparison, and said so.
set -eu

cd "$(dirname "$0")/.."
PLACE=.cache/bench
LOCK=bench/requirements.lock
RIVAL=prometheus-mqtt-exporter
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0
mkdir -p "$PLACE"

debian() {
    command -v "$RIVAL" >/dev/null && return
    echo "Installing $RIVAL (to compare with, from Debian) ..."
    if [ "$(id -u)" = 0 ]; then
        set -- sh
    else
        set -- sudo -n sh
    fi
    "$@" deploy/bootstrap.sh apt "$RIVAL" >"$PLACE/apt.log" 2>&1 || {
        echo "Not installed, so not compared with: $RIVAL ($PLACE/apt.log)." >&2
        echo "As root: sh deploy/bootstrap.sh apt $RIVAL" >&2
    }
}

pypi() {
    [ "$(cat "$PLACE/stamp" 2>/dev/null)" = "$(cksum <"$LOCK")" ] && return
    echo "Setting up $PLACE/venv (mqtt-exporter, to compare with; py-spy) ..."
    rm -rf "$PLACE/venv"
    .venv/bin/python -m venv "$PLACE/venv"
    "$PLACE/venv/bin/python" -m pip install --require-hashes -r "$LOCK" >"$PLACE/pip.log" 2>&1 || {
        tail -n 20 "$PLACE/pip.log" >&2
        echo "Not installed, so not compared with: mqtt-exporter ($PLACE/pip.log)." >&2
        return
    }
    cksum <"$LOCK" >"$PLACE/stamp"
}

debian
pypi
