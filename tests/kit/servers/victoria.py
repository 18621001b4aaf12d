"""VictoriaMetrics, which takes line protocol and gives back every stored value."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tests.kit.servers.process import Server
from tests.kit.servers.web import ask


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one series, by time; timestamps in Unix milliseconds."""

    labels: dict[str, str]
    values: list[float]
    timestamps: list[int]

    @property
    def name(self) -> str:
        return self.labels["__name__"]


class VictoriaMetrics(Server):
    """Keeps what it stored over a stop and a start."""

    program = "victoria-metrics"
    # The words just before it, of the server itself, differ between Debian 12 and 13.
    ready = "pprof handlers are exposed at "

    def arguments(self) -> Sequence[str]:
        return [
            f"-httpListenAddr=127.0.0.1:{self._port}",
            f"-storageDataPath={self._folder / 'victoria'}",
            "-dedup.minScrapeInterval=1ms",
            "-retentionPeriod=100y",
            "-search.latencyOffset=0s",
            "-memory.allowedBytes=256MB",
        ]

    def export(self, match: str) -> list[Series]:
        """All series that a selector matches, as stored by now, sorted by their labels."""
        ask(f"{self.url}/internal/force_flush")
        text = ask(f"{self.url}/api/v1/export", {"match[]": match})
        found = [self._series(json.loads(line)) for line in text.splitlines()]
        return sorted(found, key=lambda series: sorted(series.labels.items()))

    @staticmethod
    def _series(row: dict[str, object]) -> Series:
        match row:
            case {"metric": dict(labels), "values": list(values), "timestamps": list(times)}:
                return Series(labels, [float(v) for v in values], times)
        raise AssertionError(f"not a series: {row}")
