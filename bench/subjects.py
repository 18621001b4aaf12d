"""The programs under measurement: how each is started, and its counter of received messages."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.chargers import FIELDS
from bench.child import ROOT, Child
from bench.scrape import total

RIVALS = ROOT / ".cache" / "bench" / "venv" / "bin"
"""Where `bench/setup.sh` puts what comes from PyPI."""
MOST_SERIES = 1_000_000
PER_CHARGER = 200
"""Readings per second of one charger: at 60,000 messages a second, 1,000 chargers send more
than the default bound of 50, which would discard them as a flood."""


@dataclass(frozen=True, slots=True)
class DataFolders:
    """The ports and folder given to a subject; `store` is None for none."""

    broker: int
    listen: int
    folder: Path
    store: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A program under measurement."""

    name: str
    version: Callable[[], str]
    start: Callable[[DataFolders], Child]
    received_metric: str
    """The counter of messages received from the broker, summed over its labels."""
    ours: bool = False
    """Whether it exports chargers and accounting counters, as the bridge does."""

    def count(self, metrics: bytes) -> int:
        return int(total(metrics, self.received_metric))


def _bridge(places: DataFolders) -> Child:
    log = places.folder / "bridge.log"
    return Child([str(bridge_command()), "run"], log=log, environ=bridge_settings(places))


def bridge_command() -> Path:
    return ROOT / ".venv" / "bin" / "nofos-bridge"


def bridge_settings(places: DataFolders) -> Mapping[str, str]:
    """All that differs from the defaults; no charger answers over HTTP here."""
    store = {"NOFOS_INFLUX__URL": places.store or "", "NOFOS_INFLUX__BUCKET": "evse"}
    return {
        "NOFOS_MQTT__URL": f"mqtt://127.0.0.1:{places.broker}",
        "NOFOS_WEB__LISTEN": f"127.0.0.1:{places.listen}",
        "NOFOS_JOURNAL__DIR": str(places.folder / "data"),
        "NOFOS_FLEET__MAX_READINGS_PER_SECOND": str(PER_CHARGER),
        "NOFOS_HTTP__ENABLED": "false",
        **(store if places.store else {}),
    }


def _debian(places: DataFolders) -> Child:
    config = places.folder / "prometheus-mqtt-exporter.yaml"
    # JSON is YAML.
    config.write_text(json.dumps(_debian_config(places.broker), indent=1), encoding="utf-8")
    command = [
        shutil.which("prometheus-mqtt-exporter") or "", "-config", str(config),
        "-listen-address", "127.0.0.1", "-listen-port", str(places.listen),
        "-log-level", "error",
    ]  # fmt: skip
    return Child(command, log=places.folder / "debian.log")


def _debian_config(broker: int) -> dict[str, object]:
    return {
        "mqtt": {
            "server": f"tcp://127.0.0.1:{broker}",
            "topic_path": "charger/+/+",
            "device_id_regex": "charger/(?P<deviceid>[^/]+)/.*",
            "metric_per_topic_config": {"metric_name_regex": "charger/[^/]+/(?P<metricname>.*)"},
            "qos": 0,
        },
        "cache": {"timeout": "24h"},
        "metrics": [
            {
                "prom_name": f"evse_{field}",
                "mqtt_name": field,
                "help": field,
                "type": "counter" if field == "wh" else "gauge",
            }
            for field in FIELDS
        ],
    }


def _pypi(places: DataFolders) -> Child:
    environ = {
        "MQTT_ADDRESS": "127.0.0.1",
        "MQTT_PORT": str(places.broker),
        "MQTT_TOPIC": "charger/+/+",
        "PROMETHEUS_ADDRESS": "127.0.0.1",
        "PROMETHEUS_PORT": str(places.listen),
        "MAX_METRICS": str(MOST_SERIES),
        "LOG_LEVEL": "ERROR",
    }
    return Child([str(RIVALS / "mqtt-exporter")], log=places.folder / "pypi.log", environ=environ)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def _bridge_version() -> str:
    return _output(str(bridge_command()), "--version")


def _debian_version() -> str:
    return _output("dpkg-query", "-W", "-f", "${Version}", "prometheus-mqtt-exporter")


def _pypi_version() -> str:
    output = _output(str(RIVALS / "python"), "-m", "pip", "show", "mqtt-exporter")
    found = re.search(r"^Version: (\S+)", output, re.MULTILINE)
    return found[1] if found else "unknown"


BRIDGE = Subject(
    "nofos-bridge", _bridge_version, _bridge, "evse_bridge_readings_received_total", ours=True
)
DEBIAN = Subject("prometheus-mqtt-exporter", _debian_version, _debian, "received_messages")
PYPI = Subject("mqtt-exporter", _pypi_version, _pypi, "mqtt_message_total")


def present() -> list[Subject]:
    """The bridge, and those of the others that are installed."""
    found = [BRIDGE]
    if shutil.which("prometheus-mqtt-exporter"):
        found.append(DEBIAN)
    if (RIVALS / "mqtt-exporter").exists():
        found.append(PYPI)
    return found
