"""Panels over time as SVG: lines, bars, states."""

import time
from html import escape
from itertools import pairwise
from typing import NamedTuple

from tests.dashboards.preview.answers import Series
from tests.dashboards.preview.looks import Panel, properties, series_look, word
from tests.dashboards.preview.scale import ticks
from tests.dashboards.preview.units import written

LEFT, RIGHT, TOP, BOTTOM, LEGEND = 62, 44, 9, 18, 16
Points = list[tuple[float, float]]
"""Unix seconds and values."""


class Frame(NamedTuple):
    """Where a plot lies, and what its edges mean."""

    width: float
    height: float
    start: float
    end: float
    steps: tuple[float, ...] = (0, 1)
    """Values that have a line: the lowest and the highest are the edges."""

    def x(self, at: float) -> float:
        return LEFT + (at - self.start) / (self.end - self.start) * (self.width - LEFT - 6)

    def y(self, value: float) -> float:
        room = self.height - BOTTOM - TOP
        return TOP + room - (value - self.low) / (self.steps[-1] - self.low) * room

    @property
    def low(self) -> float:
        return self.steps[0]


def plot(panel: Panel, found: list[Series], width: float, height: float,
         span: tuple[float, float]) -> str:  # fmt: skip
    """Lines, stacked areas or bars."""
    if not any(each.points for each in found):
        nothing = panel["fieldConfig"]["defaults"].get("noValue", "No data")
        return f"<div class=big>{escape(nothing)}</div>"
    custom = panel["fieldConfig"]["defaults"]["custom"]
    stacked = "stacking" in custom
    legend, tall = _legend(panel, found, width)
    height -= tall
    others = [each for each in found if "custom.axisPlacement" in properties(panel, each.name)]
    drawn = _stacked(found) if stacked else [each.points for each in found]
    own = [points for points, each in zip(drawn, found, strict=True) if each not in others]
    frame = _frame(panel, own, width - RIGHT * bool(others), height, span)
    parts = [_axes(panel, frame)]
    for index in reversed(range(len(found))):
        _, colour = series_look(panel, found[index].name, index)
        if found[index] in others:
            parts.append(_at_the_right(panel, frame, found[index], colour))
            continue
        below = drawn[index - 1] if stacked and index else []
        if custom["drawStyle"] == "bars":
            parts.append(_bars(frame, drawn[index], below, colour))
        elif stacked:
            parts.append(_area(frame, drawn[index], below, colour))
        else:
            parts.append(_line(frame, drawn[index], colour, custom["spanNulls"] / 1000))
    parts.append(f'<g transform="translate(0 {height:.0f})">{legend}</g>')
    return _svg(width, height + tall, "".join(parts))


def states(panel: Panel, found: list[Series], width: float, height: float,
           span: tuple[float, float]) -> str:  # fmt: skip
    """A band for each series."""
    mappings = panel["fieldConfig"]["defaults"]["mappings"]
    frame = Frame(width - 80, height, *span)
    band = (height - BOTTOM) / max(1, len(found))
    parts = []
    for row, series in enumerate(found):
        top = row * band
        parts.append(f'<text x="0" y="{top + band / 2 + 4:.0f}">{escape(series.name)}</text>')
        for begin, end, value in _stretches(series.points):
            text, colour = word(mappings, value) or (f"{value:g}", "#777")
            left, right = frame.x(begin) + 80, frame.x(end) + 80
            parts.append(
                f'<rect x="{left:.1f}" y="{top + 3:.1f}" width="{right - left:.1f}" '
                f'height="{band - 6:.1f}" fill="{colour}" fill-opacity="0.8"/>'
            )
            if right - left > 7 * len(text) + 4:
                parts.append(f'<text x="{left + 4:.1f}" y="{top + band / 2 + 4:.0f}" '
                             f'class="in">{escape(text)}</text>')  # fmt: skip
    return _svg(width, height, "".join(parts))


def _stretches(points: Points) -> list[tuple[float, float, float]]:
    """Equal neighbours as one; a point lasts until the next, or as long as they usually do."""
    gaps = sorted(b[0] - a[0] for a, b in pairwise(points))
    usual = gaps[len(gaps) // 2] if gaps else 5
    found: list[tuple[float, float, float]] = []
    for at, value in points:
        if found and found[-1][2] == value and at - found[-1][1] < usual:
            found[-1] = (found[-1][0], at + usual, value)
        else:
            found.append((at, at + usual, value))
    return found


def _stacked(found: list[Series]) -> list[Points]:
    sums: dict[float, float] = {}
    drawn = []
    times = sorted({at for series in found for at, _ in series.points})
    for series in found:
        values = dict(series.points)
        for at in times:
            sums[at] = sums.get(at, 0.0) + values.get(at, 0.0)
        drawn.append([(at, sums[at]) for at in times])
    return drawn


def _frame(panel: Panel, drawn: list[Points], width: float, height: float,
           span: tuple[float, float]) -> Frame:  # fmt: skip
    values = [value for points in drawn for _, value in points if value == value] or [0.0]
    given = panel["fieldConfig"]["defaults"]
    low, high = given.get("min", min(values)), given.get("max", max(values))
    start, end = span
    if panel.get("interval") == "1d":
        start, end = end // 86_400 * 86_400 - 6 * 86_400, end // 86_400 * 86_400 + 86_400
    given_steps = ticks(low, high, lowest="min" in given, highest="max" in given)
    return Frame(width, height, start, end, given_steps)


def _at_the_right(panel: Panel, frame: Frame, series: Series, colour: str) -> str:
    """A line with a scale of its own."""
    values = [value for _, value in series.points if value == value] or [0.0]
    own = frame._replace(steps=ticks(0.0, max(values), lowest=True, highest=False))
    unit = properties(panel, series.name)["unit"]
    words = [
        f'<text x="{frame.width:.0f}" y="{own.y(value) + 4:.1f}">{written(value, unit)}</text>'
        for value in own.steps
    ]
    return _line(own, series.points, colour, 0.0) + "".join(words)


def _axes(panel: Panel, frame: Frame) -> str:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    parts = []
    for value in frame.steps:
        y = frame.y(value)
        parts.append(f'<line x1="{LEFT}" x2="{frame.width}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text x="{LEFT - 5}" y="{y + 4:.1f}" class="y">{written(value, unit)}</text>'
        )
    style = "%d %b" if frame.end - frame.start > 86_400 else "%H:%M"
    steps = 7 if style == "%d %b" else 6
    for step in range(steps):
        at = frame.start + (frame.end - frame.start) * step / steps
        text = time.strftime(style, time.gmtime(at))
        parts.append(f'<text x="{frame.x(at):.0f}" y="{frame.height - 4:.0f}">{text}</text>')
    return "".join(parts)


def _area(frame: Frame, points: Points, below: Points, colour: str) -> str:
    base = below or [(at, frame.low) for at, _ in points]
    path = _path(frame, points) + " " + _path(frame, base[::-1])
    return f'<polygon points="{path}" fill="{colour}" fill-opacity="0.65"/>'


def _line(frame: Frame, points: Points, colour: str, spanned: float) -> str:
    """Broken where values are missing for longer than so many seconds."""
    runs: list[Points] = [[]]
    step = min((b[0] - a[0] for a, b in pairwise(points)), default=0)
    for point in points:
        if runs[-1] and point[0] - runs[-1][-1][0] > max(2.5 * step, spanned):
            runs.append([])
        runs[-1].append(point)
    return "".join(
        f'<polyline points="{_path(frame, run)}" stroke="{colour}" fill="none"/>' for run in runs
    )


def _path(frame: Frame, points: Points) -> str:
    return " ".join(f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in points)


def _bars(frame: Frame, points: Points, below: Points, colour: str) -> str:
    base = dict(below)
    alone = 86_400 if frame.end - frame.start > 86_400 else (frame.end - frame.start) / 40
    gap = min((b[0] - a[0] for a, b in pairwise(points)), default=alone)
    wide = max(1.0, (frame.x(frame.start + gap) - frame.x(frame.start)) * 0.8)
    return "".join(
        f'<rect x="{frame.x(at):.1f}" y="{frame.y(value):.1f}" width="{wide:.1f}" '
        f'height="{max(0, frame.y(base.get(at, frame.low)) - frame.y(value)):.1f}" '
        f'fill="{colour}" fill-opacity="0.85"/>'
        for at, value in points
    )


def _legend(panel: Panel, found: list[Series], width: float) -> tuple[str, float]:
    """All names, in as many lines as they take; and how high those are."""
    parts, left, top = [], 4.0, 0
    for index, series in enumerate(found):
        name, colour = series_look(panel, series.name, index)
        wide = 26 + 6.6 * len(name)
        if left + wide > width and left > 4:
            left, top = 4.0, top + LEGEND
        parts.append(f'<rect x="{left:.0f}" y="{top + 7}" width="10" height="4" '
                     f'fill="{colour}"/><text x="{left + 14:.0f}" y="{top + 13}">'
                     f"{escape(name)}</text>")  # fmt: skip
        left += wide
    return "".join(parts), top + LEGEND


def _svg(width: float, height: float, inner: str) -> str:
    return f'<svg width="{width:.0f}" height="{height:.0f}">{inner}</svg>'
