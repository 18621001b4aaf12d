"""Prometheus, which scrapes given targets every second."""

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kit.servers.process import Server
from tests.kit.servers.web import ask


@dataclass(frozen=True, slots=True)
class Result:
    """One series of an answer: its labels and its value now."""

    labels: dict[str, str]
    value: float


class Prometheus(Server):
    """`targets` are `host:port`, scraped at `path`; rules are evaluated `every` so often."""

    program = "prometheus"
    ready = "Server is ready to receive web requests."

    def __init__(
        self,
        folder: Path,
        *,
        targets: Sequence[str] = (),
        path: str = "/metrics",
        parameters: Mapping[str, Sequence[str]] | None = None,
        rule_files: Sequence[Path] = (),
        alertmanagers: Sequence[str] = (),
        timeout: str = "1s",
        every: str = "1s",
    ) -> None:
        super().__init__(folder)
        self._targets = list(targets)
        self._path = path
        self._timeout = timeout
        self._every = every
        self._parameters = {name: list(given) for name, given in (parameters or {}).items()}
        self._rule_files = [str(path) for path in rule_files]
        self._alertmanagers = list(alertmanagers)

    def arguments(self) -> Sequence[str]:
        config = self._folder / "prometheus.yml"
        # JSON is YAML.
        config.write_text(json.dumps(self._config(), indent=1), encoding="utf-8")
        return [
            f"--config.file={config}",
            f"--storage.tsdb.path={self._folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--log.level=info",
        ]

    def query(self, expression: str) -> list[Result]:
        """The instant vector of an expression; a scalar comes as one result without labels."""
        answer = json.loads(ask(f"{self.url}/api/v1/query", {"query": expression}))["data"]
        if answer["resultType"] == "scalar":
            return [Result({}, float(answer["result"][1]))]
        return [Result(row["metric"], float(row["value"][1])) for row in answer["result"]]

    def rest(self) -> None:
        """Scrape and evaluate no more; what it has can still be asked for."""
        self._targets, self._rule_files = [], []
        self.arguments()
        self._running().send_signal(signal.SIGHUP)

    def _config(self) -> dict[str, object]:
        job = {
            "job_name": "test",
            "metrics_path": self._path,
            "params": self._parameters,
            "static_configs": [{"targets": self._targets}],
        }
        return {
            "global": {
                # A scrape may not take longer than it is until the next.
                "scrape_interval": self._timeout,
                "scrape_timeout": self._timeout,
                "evaluation_interval": self._every,
            },
            "rule_files": self._rule_files,
            "scrape_configs": [job],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": self._alertmanagers}]}]},
        }
