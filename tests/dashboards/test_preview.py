"""The drawn dashboards: whole numbers at the axes, and every name in the legend."""

import re
from typing import Any

import pytest

from tests.dashboards.preview.answers import Series
from tests.dashboards.preview.plots import plot
from tests.dashboards.preview.scale import ticks

SPAN = (0.0, 600.0)
WIDTH, HEIGHT = 300.0, 200.0


def panel(**more: object) -> dict[str, Any]:
    """Lines without a unit."""
    defaults = {"unit": "short", "custom": {"drawStyle": "line", "spanNulls": False}, "min": 0}
    return {"fieldConfig": {"defaults": defaults, "overrides": []}} | more


def line(name: str, *values: float) -> Series:
    return Series(name, {}, [(10.0 * at, value) for at, value in enumerate(values)])


@pytest.mark.parametrize(
    ("low", "high", "edges", "steps"),
    [
        (0, 28, (True, False), (0, 10, 20, 30)),
        (0, 132_000, (True, False), (0, 50_000, 100_000, 150_000)),
        (226.2, 234.8, (False, False), (226, 228, 230, 232, 234, 236)),
        (-996, -1, (False, False), (-1000, -800, -600, -400, -200, 0)),
        (0, 1, (True, True), (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (0, 0, (True, False), (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (5, 5, (False, False), (5, 6, 7, 8, 9, 10)),
    ],
)
def test_an_axis_has_its_lines_at_round_numbers(
    low: float, high: float, edges: tuple[bool, bool], steps: tuple[float, ...]
) -> None:
    found = ticks(low, high, lowest=edges[0], highest=edges[1])
    assert found == pytest.approx(steps)


def test_every_word_lies_within_the_picture() -> None:
    names = [f"a reason of some length {number}" for number in range(9)]
    drawn = plot(panel(), [line(name, 1, 28) for name in names], WIDTH, HEIGHT, SPAN)
    legend = [float(y) for y in re.findall(r'<text x="[^"]*" y="([^"]*)">a reason', drawn)]
    (moved,) = re.findall(r"translate\(0 (\d+)\)", drawn)
    assert [name for name in names if name not in drawn] == []
    assert max(legend) + float(moved) <= HEIGHT
    above = [float(y) for y in re.findall(r' y="([^"]*)" class="y"', drawn)]
    assert min(above) >= 11, "letters are as high"


def test_a_series_with_an_axis_of_its_own_is_drawn_beside_the_others() -> None:
    own = {"matcher": {"id": "byRegexp", "options": "/^processor/"}, "properties": [
        {"id": "unit", "value": "percentunit"},
        {"id": "custom.axisPlacement", "value": "right"},
    ]}  # fmt: skip
    shown = panel()
    shown["fieldConfig"]["overrides"] = [own]
    found = [line("memory", 1e6, 2e6), line("processor, a", 0.1, 0.4)]
    drawn = plot(shown, found, WIDTH, HEIGHT, SPAN)
    assert drawn.count("<polyline") == 2
    assert ">40 %</text>" in drawn
    assert ">processor, a</text>" in drawn
