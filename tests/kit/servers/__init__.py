"""The real servers that tests run against, each on a loopback port of its own."""

from tests.kit.servers.alertmanager import Alertmanager
from tests.kit.servers.embedded import Amqtt
from tests.kit.servers.influx import InfluxDB, Table
from tests.kit.servers.mosquitto import Mosquitto, Tls
from tests.kit.servers.process import find_program, free_port
from tests.kit.servers.prometheus import Prometheus
from tests.kit.servers.promtool import promtool_check_metrics
from tests.kit.servers.victoria import Series, VictoriaMetrics

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
