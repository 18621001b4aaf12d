"""Dashboards as Grafana reads them: their panels and queries, with the variables filled in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.kit.root import ROOT

FOLDER = ROOT / "grafana" / "dashboards"


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of a panel."""

    board: str
    panel: str
    kind: str
    target: Mapping[str, Any]

    @property
    def text(self) -> str:
        """PromQL or InfluxQL."""
        return str(self.target.get("expr") or self.target["query"])

    @property
    def name(self) -> str:
        """`board / panel / letter`."""
        return f"{self.board} / {self.panel} / {self.target['refId']}"


def boards(kind: str) -> dict[str, dict[str, Any]]:
    """The committed dashboards of a kind of datasource, by uid."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    return {each["uid"]: each for each in found if kind in each["tags"]}


def panels(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that draw something."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def queries(board: Mapping[str, Any]) -> Iterator[Asked]:
    """Every query of every panel."""
    for panel in panels(board):
        for target in panel["targets"]:
            yield Asked(board["uid"], panel["title"], panel["type"], target)


def filled(text: str, values: Mapping[str, str]) -> str:
    """As Grafana does it: longest names first, so that `$site` does not spoil `$sites`."""
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(f"${name}", values[name]).replace(f"${{{name}}}", values[name])
    left = text.replace("$/", "").replace('"$1"', "")
    assert "$" not in left, text
    return text
