"""The real servers that tests run against, each on a loopback port of its own."""

from tests.servers.alertmanager import Alertmanager
from tests.servers.embedded import Amqtt
from tests.servers.influx import InfluxDB, Table
from tests.servers.mosquitto import Mosquitto, Tls
from tests.servers.process import find_program, free_port
from tests.servers.prometheus import Prometheus
from tests.servers.promtool import promtool_check_metrics
from tests.servers.victoria import Series, VictoriaMetrics

__all__ = [
    "Alertmanager",
    "Amqtt",
    "InfluxDB",
    "Mosquitto",
    "Prometheus",
    "Series",
    "Table",
    "Tls",
    "VictoriaMetrics",
    "find_program",
    "free_port",
    "promtool_check_metrics",
]
