"""Panels of now as HTML: numbers, bars, tables, heat."""

import time
from collections.abc import Sequence
from html import escape

from tests.dashboards.preview.answers import Cells, Series
from tests.dashboards.preview.looks import Panel, colour, properties, threshold, word
from tests.dashboards.preview.units import written


def number(panel: Panel, found: list[Series], height: float) -> str:
    """One number or word."""
    defaults = panel["fieldConfig"]["defaults"]
    if not found:
        return f"<div class=big>{escape(defaults.get('noValue', 'No data'))}</div>"
    value = found[0].last
    text, shade = word(defaults["mappings"], value) or (
        written(value, defaults["unit"], defaults.get("decimals")),
        threshold(panel, value),
    )
    if panel["options"]["textMode"] == "name":
        text = found[0].name
    size = min(height * 0.5, 34, 190 / max(3, len(text)))
    return f'<div class=big style="color:{shade};font-size:{size:.0f}px">{escape(text)}</div>'


def bars(panel: Panel, found: list[Series], height: float) -> str:
    """A bar for each series."""
    defaults = panel["fieldConfig"]["defaults"]
    low = defaults.get("min", 0)
    high = defaults.get("max", max([each.last for each in found], default=1)) or 1
    tall = min(24.0, height / max(1, len(found)))
    rows = []
    for each in found:
        share = max(1.0, min(100.0, 100 * (each.last - low) / (high - low)))
        value = written(each.last, defaults["unit"], defaults.get("decimals"))
        rows.append(
            f'<div class=bar style="height:{tall:.0f}px"><span>{escape(each.name)}</span><i>'
            f'<b style="width:{share:.0f}%;background:{threshold(panel, each.last)}"></b></i>'
            f"<em>{value}</em></div>"
        )
    return "".join(rows) or "<div class=big>No data</div>"


def listing(panel: Panel, found: Sequence[Cells], height: float) -> str:
    """As many rows as there is room for, in the panel's columns."""
    columns = panel["transformations"][1]["options"]["include"]["names"]
    shown = panel["transformations"][2]["options"]["renameByName"]
    rows = list(found)
    for sort in panel["options"].get("sortBy", []):
        by = next(name for name, title in shown.items() if title == sort["displayName"])
        rows.sort(key=lambda row: float(row.get(by, -1)), reverse=sort["desc"])
    head = "".join(f"<th>{escape(shown[name])}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(_cell(panel, shown[name], row.get(name)) for name in columns) + "</tr>"
        for row in rows[: int(height // 24)]
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(panel: Panel, title: str, value: str | float | None) -> str:
    own = properties(panel, title)
    if value is None:
        return "<td></td>"
    if isinstance(value, str):
        link = ' class="link"' if "links" in own else ""
        return f"<td{link}>{escape(value)}</td>"
    if found := word(own.get("mappings", []), value):
        return f'<td style="color:{colour(found[1])}">{escape(found[0])}</td>'
    if own.get("unit") == "dateTimeFromNow":
        return f"<td>{written(time.time() - value / 1000, 's')} ago</td>"
    return f"<td>{written(value, own.get('unit', 'short'), own.get('decimals'))}</td>"


def heat(found: list[Series], width: float, height: float) -> str:
    """Cumulative buckets as cells, darker for more."""
    order = sorted(found, key=lambda each: float(each.labels["le"]))
    if not order:
        return "<div class=big>No data</div>"
    times = [at for at, _ in order[-1].points]
    before = dict.fromkeys(times, 0.0)
    rows = []
    for each in order:
        now = dict(each.points)
        rows.append((each.labels["le"], [max(0.0, now.get(at, 0.0) - before[at]) for at in times]))
        before = {at: now.get(at, 0.0) for at in times}
    most = max((value for _, cells in rows for value in cells), default=1) or 1
    tall, wide = height / len(rows), (width - 50) / max(1, len(times))
    parts = []
    for number_, (edge, cells) in enumerate(rows):
        top = height - (number_ + 1) * tall
        parts.append(f'<text x="0" y="{top + tall / 2 + 4:.0f}">{edge} s</text>')
        parts += [
            f'<rect x="{50 + column * wide:.1f}" y="{top:.1f}" width="{wide:.1f}" '
            f'height="{tall - 1:.1f}" fill="#ff9830" fill-opacity="{(value / most) ** 0.5:.2f}"/>'
            for column, value in enumerate(cells)
            if value
        ]
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'
