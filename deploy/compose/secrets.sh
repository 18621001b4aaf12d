#!/bin/sh
# Creates the secrets that compose.yaml names, with random contents, unless they exist.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
# Other users cannot enter the folder; inside, each container's own user must read its files.
chmod 700 secrets
for name in mqtt_bridge mqtt_chargers influxdb_password influxdb_token grafana_password; do
    [ ! -s "secrets/$name" ] || continue
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
    chmod 644 "secrets/$name"
    printf 'made secrets/%s\n' "$name"
done
