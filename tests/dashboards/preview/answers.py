"""What a panel of a dashboard gets from a running Prometheus."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.kit.dashboards import filled
from tests.kit.servers.web import ask

DAY = 86_400.0
POINTS = 240

Cells = Mapping[str, str | float]
"""A row of a table: its cells by the names of their fields."""


@dataclass(frozen=True, slots=True)
class Series:
    """A named line of points; `labels` are what the store called it."""

    name: str
    labels: Mapping[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1]


class Store(Protocol):
    """Answers over one stretch of time."""

    @property
    def start(self) -> float: ...

    @property
    def end(self) -> float: ...

    @property
    def values(self) -> Mapping[str, str]:
        """Of the variables."""

    def series(self, panel: Mapping[str, Any]) -> list[Series]:
        """What all queries of a panel found."""

    def rows(self, panel: Mapping[str, Any]) -> Sequence[Cells]:
        """Of a table, its queries merged."""


def step_of(panel: Mapping[str, Any], start: float, end: float) -> float:
    """The distance of points in seconds."""
    return DAY if panel.get("interval") == "1d" else max(5, (end - start) // POINTS)


@dataclass(frozen=True, slots=True)
class Asker:
    """A Prometheus."""

    url: str
    start: float
    end: float
    values: Mapping[str, str]

    def series(self, panel: Mapping[str, Any]) -> list[Series]:
        return [each for target in panel["targets"] for each in self._target(panel, target)]

    def rows(self, panel: Mapping[str, Any]) -> Sequence[Cells]:
        merged: dict[str, dict[str, str | float]] = {}
        for target in panel["targets"]:
            value = f"Value #{target['refId']}" if len(panel["targets"]) > 1 else "Value"
            for each in self._target(panel, target):
                key = each.labels.get("charger") or each.labels.get("instance") or each.name
                row = merged.setdefault(key, {})
                row |= {**each.labels, value: each.last}
        return list(merged.values())

    def _target(self, panel: Mapping[str, Any], target: Mapping[str, Any]) -> list[Series]:
        step = step_of(panel, self.start, self.end)
        span = {"__range": f"{self.end - self.start:.0f}s", "__interval": f"{step:.0f}s"}
        text = filled(target["expr"], {**self.values, **span})
        if target["instant"]:
            path, asked = "query", {"query": text, "time": str(self.end)}
        else:
            path, asked = "query_range", {
                "query": text, "start": str(self.start // step * step), "end": str(self.end),
                "step": str(step)}  # fmt: skip
        result = json.loads(ask(f"{self.url}/api/v1/{path}", asked))["data"]["result"]
        return [_series(each, target["legendFormat"]) for each in result]


def _series(each: Mapping[str, Any], legend: str) -> Series:
    labels = each["metric"]
    pairs = each["values"] if "values" in each else [each["value"]]
    name = re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], "none"), legend)
    if legend == "__auto":
        name = ", ".join(f"{key}={value}" for key, value in labels.items())
    return Series(name, labels, [(float(at), float(value)) for at, value in pairs])
