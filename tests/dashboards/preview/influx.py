"""What a panel of a dashboard gets from a running InfluxDB."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.dashboards.preview.answers import Cells, Series, step_of
from tests.kit.dashboards import filled
from tests.kit.servers import InfluxDB, Table

LATELY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class InfluxAsker:
    """An InfluxDB 1."""

    server: InfluxDB
    start: float
    end: float
    values: Mapping[str, str]

    def series(self, panel: Mapping[str, Any]) -> list[Series]:
        found = [
            _series(table, target["alias"])
            for target in panel["targets"]
            for table in self._tables(panel, target)
        ]
        return [each for each in found if each.points]

    def rows(self, panel: Mapping[str, Any]) -> Sequence[Cells]:
        return [
            row
            for target in panel["targets"]
            for table in self._tables(panel, target)
            for row in _rows(table)
        ]

    def _tables(self, panel: Mapping[str, Any], target: Mapping[str, Any]) -> list[Table]:
        lately = panel.get("timeFrom", "").endswith("m")
        start = max(self.start, self.end - LATELY_SECONDS) if lately else self.start
        span = f"time >= {start * 1000:.0f}ms and time <= {self.end * 1000:.0f}ms"
        step = step_of(panel, self.start, self.end)
        values = {**self.values, "timeFilter": span, "__interval": f"{step:.0f}s"}
        return self.server.query(filled(target["query"], values))


def _series(table: Table, alias: str) -> Series:
    """Called as Grafana does: by the alias with its tags, or by the column."""
    name = re.sub(r"\$tag_(\w+)", lambda found: table.tags[found[1]] or "none", alias)
    points = [(row[0] / 1000, float(row[1])) for row in table.rows if row[1] is not None]
    return Series(name or f"{table.columns[1]}", table.tags, points)


def _rows(table: Table) -> Iterator[Cells]:
    for at, *cells in table.rows:
        clock = time.strftime("%H:%M:%S", time.gmtime(at / 1000))
        named = zip(table.columns[1:], cells, strict=True)
        yield {**table.tags, "Time": clock} | {k: v for k, v in named if v is not None}
