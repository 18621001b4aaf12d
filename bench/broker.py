"""Mosquitto as the benchmark runs it: quiet, and with the queue limits it ships with."""

import re
import subprocess
from collections.abc import Sequence

from tests.kit.servers.process import Server, find_program

MOST_QUEUED = 1000
"""Messages the broker holds for a slow subscriber before it drops; Mosquitto's own default."""


class BenchBroker(Server):
    """Logs no packets, unlike the broker of the tests."""

    program = "mosquitto"
    ready = " running\n"
    scheme = "mqtt"

    def arguments(self) -> Sequence[str]:
        config = self._folder / "mosquitto.conf"
        config.write_text("\n".join(self._settings()) + "\n", encoding="utf-8")
        return ["-c", str(config)]

    @property
    def pid(self) -> int:
        return self._running().pid

    def _settings(self) -> list[str]:
        return [
            # Started by root, it would change to a user who cannot read our files.
            "user root",
            "persistence false",
            "log_dest stderr",
            *(f"log_type {kind}" for kind in ("error", "warning", "notice", "information")),
            f"max_queued_messages {MOST_QUEUED}",
            "sys_interval 1",
            "set_tcp_nodelay true",
            f"listener {self._port} 127.0.0.1",
            "allow_anonymous true",
        ]


def version() -> str:
    """Mosquitto's version, as its help says."""
    output = subprocess.run(
        [find_program("mosquitto"), "-h"], capture_output=True, text=True, check=False
    )
    found = re.search(r"version (\S+)", output.stdout + output.stderr)
    return found[1] if found else "unknown"
