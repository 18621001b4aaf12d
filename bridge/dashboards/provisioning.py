"""Grafana's provisioning files: the datasources and the dashboard folder."""

from collections.abc import Mapping

_DATASOURCES = """\
# Which of them to keep: those whose database there is. Grafana fills in its own environment.
apiVersion: 1
datasources:
  - name: Chargers (Prometheus)
    uid: nofos-prometheus
    type: prometheus
    access: proxy
    url: ${NOFOS_PROMETHEUS_URL}
    jsonData:
      # As scrape_interval there: $__rate_interval follows from it.
      timeInterval: 30s
      httpMethod: POST
  - name: Chargers (InfluxDB)
    uid: nofos-influxdb
    type: influxdb
    access: proxy
    url: ${NOFOS_INFLUXDB_URL}
    jsonData:
      # InfluxQL: 1.8 as it is; 2 with a DBRP mapping of this name; 3 with this database.
      version: InfluxQL
      dbName: ${NOFOS_INFLUXDB_DATABASE}
      httpMode: GET
      httpHeaderName1: Authorization
    secureJsonData:
      httpHeaderValue1: Token ${NOFOS_INFLUXDB_TOKEN}
"""
_PROVIDERS = """\
apiVersion: 1
providers:
  - name: nofos-bridge
    folder: EV chargers
    folderUid: nofos-chargers
    type: file
    disableDeletion: true
    allowUiUpdates: false
    options:
      path: /var/lib/grafana/dashboards/nofos
"""
PROVISIONING: Mapping[str, str] = {
    "datasources/nofos.yml": _DATASOURCES,
    "dashboards/nofos.yml": _PROVIDERS,
}
