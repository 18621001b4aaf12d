"""A whole dashboard as one static page."""

import time
from collections.abc import Mapping
from html import escape
from typing import Any

from tests.dashboards.preview import plots, tables
from tests.dashboards.preview.answers import Store

WIDTH, CELL, GAP, TITLE = 1400, 34, 6, 24
_STYLE = """
body{margin:0;background:#111217;color:#d8d9da;font:12px sans-serif;position:relative}
h1{font-size:17px;margin:10px 12px 2px} h1 small{color:#8e8e8e;font-weight:normal;font-size:12px}
.panel{position:absolute;background:#181b1f;border:1px solid #2a2d33;border-radius:3px;
overflow:hidden;padding:0 6px;box-sizing:border-box}
.panel h2{font-size:12px;margin:5px 0 3px;white-space:nowrap}
.row{position:absolute;font-size:14px;font-weight:bold;padding:9px 12px 0}
.big{text-align:center;font-size:26px;padding-top:12px;white-space:nowrap}
svg text{fill:#a0a3a8;font-size:11px} svg text.y{text-anchor:end} svg text.in{fill:#111}
svg line{stroke:#2a2d33} svg polyline{stroke-width:1.3}
table{border-collapse:collapse;width:100%;font-size:12px}
td,th{text-align:left;padding:3px 8px;height:17px;
border-bottom:1px solid #2a2d33;white-space:nowrap} td.link{color:#6e9fff}
.bar{display:flex;align-items:center;gap:6px} .bar span{width:34%;overflow:hidden;
text-align:right;white-space:nowrap} .bar i{flex:1;background:#22252b;height:70%}
.bar b{display:block;height:100%;opacity:.85} .bar em{width:72px;font-style:normal}
"""


def page(board: Mapping[str, Any], store: Store) -> tuple[str, int]:
    """The HTML, and how high it is."""
    parts = [_head(board, store)]
    bottom = 0
    for panel in board["panels"]:
        at = panel["gridPos"]
        left, top = at["x"] * WIDTH / 24, 42 + at["y"] * CELL
        width, height = at["w"] * WIDTH / 24 - GAP, at["h"] * CELL - GAP
        bottom = max(bottom, int(top + height))
        title = escape(panel["title"].replace("$charger", store.values["charger"]))
        place = f"left:{left + 3:.0f}px;top:{top:.0f}px;width:{width:.0f}px;height:{height:.0f}px"
        if panel["type"] == "row":
            parts.append(f'<div class=row style="{place}">{title}</div>')
            continue
        inner = _drawn(panel, store, width - 14, height - TITLE - 4)
        parts.append(f'<div class=panel style="{place}"><h2>{title}</h2>{inner}</div>')
    body = "".join(parts)
    return f"<meta charset=utf-8><style>{_STYLE}</style><body>{body}", bottom + 10


def _head(board: Mapping[str, Any], store: Store) -> str:
    """Says what this is, so that nobody takes it for Grafana."""
    begin, end = (time.strftime("%H:%M", time.gmtime(at)) for at in (store.start, store.end))
    return (
        f"<h1>{escape(board['title'])} <small>preview drawn by nofos-bridge's tests, not by "
        f"Grafana; simulated chargers on a bad day, {begin} to {end} UTC</small></h1>"
    )


def _drawn(panel: Mapping[str, Any], store: Store, width: float, height: float) -> str:
    if panel["type"] == "table":
        return tables.listing(panel, store.rows(panel), height - 24)
    found = store.series(panel)
    span = (store.start, store.end)
    match panel["type"]:
        case "stat":
            return tables.number(panel, found, height)
        case "bargauge":
            return tables.bars(panel, found, height)
        case "heatmap":
            return tables.heat(found, width, height)
        case "state-timeline":
            return plots.states(panel, found, width, height, span)
        case _:
            return plots.plot(panel, found, width, height, span)
