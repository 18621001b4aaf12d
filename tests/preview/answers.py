"""What a panel of a dashboard gets from a running Prometheus."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.dash_parts import filled
from tests.servers.web import ask

DAY = 86_400.0
POINTS = 240


@dataclass(frozen=True, slots=True)
class Series:
    """A named line of points; `labels` are what the store called it."""

    name: str
    labels: Mapping[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1]


@dataclass(frozen=True, slots=True)
class Asker:
    """Answers over one stretch of time."""

    url: str
    start: float
    end: float
    values: Mapping[str, str]

    def answers(self, panel: Mapping[str, Any]) -> dict[str, list[Series]]:
        """By the query's letter."""
        return {target["refId"]: self._target(panel, target) for target in panel["targets"]}

    def _target(self, panel: Mapping[str, Any], target: Mapping[str, Any]) -> list[Series]:
        step = DAY if panel.get("interval") == "1d" else max(5, (self.end - self.start) // POINTS)
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
