"""Alertmanager, with a configuration given as text."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.kit.servers.process import Server
from tests.kit.servers.web import ask


class Alertmanager(Server):
    """Alone: it looks for no others."""

    program = "prometheus-alertmanager"
    ready = "Listening"

    def __init__(self, folder: Path, config: str) -> None:
        super().__init__(folder)
        self._config = config

    def arguments(self) -> Sequence[str]:
        path = self._folder / "alertmanager.yml"
        path.write_text(self._config, encoding="utf-8")
        return [
            f"--config.file={path}",
            f"--storage.path={self._folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--cluster.listen-address=",
        ]

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """The alerts of a name that it knows, those included that it notifies nobody of."""
        found: list[dict[str, Any]] = json.loads(
            ask(f"{self.url}/api/v2/alerts", {"filter": f"alertname={name}"})
        )
        return found
