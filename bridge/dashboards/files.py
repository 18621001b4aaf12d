"""All files of the dashboards: their paths below `grafana/`, and their text."""

import json
from collections.abc import Mapping
from pathlib import Path

from bridge.dashboards.grafana import dashboard_json
from bridge.dashboards.influxql import DASHBOARDS as INFLUXQL
from bridge.dashboards.model import Dashboard
from bridge.dashboards.promql import DASHBOARDS as PROMQL
from bridge.dashboards.provisioning import PROVISIONING

DASHBOARDS: tuple[Dashboard, ...] = (*PROMQL, *INFLUXQL)


def dashboard_files() -> Mapping[str, str]:
    """Text by path."""
    boards = {f"dashboards/{each.uid}.json": _text(each) for each in DASHBOARDS}
    return boards | {f"provisioning/{path}": text for path, text in PROVISIONING.items()}


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write all files below the folder, creating it where necessary."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def _text(dashboard: Dashboard) -> str:
    return json.dumps(dashboard_json(dashboard), indent=2, ensure_ascii=False) + "\n"
