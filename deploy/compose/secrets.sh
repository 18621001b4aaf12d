#!/bin/sh
# Makes the secrets that compose.yaml names, each at random, where there is none yet.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
# Others come no further than the folder: in it, each container's own user must read its files.
chmod 700 secrets
for name in mqtt_bridge mqtt_chargers influxdb_password influxdb_token grafana_password; do
    [ ! -s "secrets/$name" ] || continue
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
    chmod 644 "secrets/$name"
    printf 'made secrets/%s\n' "$name"
done
