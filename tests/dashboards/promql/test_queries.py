"""Every query of the dashboards for Prometheus, on a bad day of a small fleet."""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import pytest

from bridge.alerts.recorded import STATES as RECORDED_STATES
from bridge.core.fields.states import NAMES
from tests.dashboards.preview.answers import Asker
from tests.dashboards.preview.page import page
from tests.kit.dash_world import World
from tests.kit.dashboards import Asked, boards, filled, panels, queries

BOARDS = boards("prometheus")
QUERIES = [asked for board in BOARDS.values() for asked in queries(board)]
PANELS = [(uid, panel) for uid, board in BOARDS.items() for panel in panels(board)]
MAY_BE_EMPTY = {
    "nofos-bridge / Certificates / A": "the bridge of the test uses no certificate",
    "nofos-bridge / Broker connections / B": "the test's broker never fails",
}
CRASHER = "3f28751e967"
"""Of the bad day's fleet: crashes again and again, has a site, is wired."""
WIRELESS = "e0e84adf820d"
"""Crashes too, and has a signal."""
VALUES = {"site": ".*", "instance": ".*", "charger": WIRELESS, "__rate_interval": "15s"}
STEP, DAY = 5.0, 86_400.0
GIVEN_BY_OPERATORS = {"alias", "site"}
"""Labels that a charger need not have."""
METRIC = re.compile(r"\b(?:evse|process)_[a-z0-9_]+\b(?!\s*=)")
SUFFIXES = ("_bucket", "_sum", "_count")


def panel_of(asked: Asked) -> Mapping[str, Any]:
    return next(
        panel
        for uid, panel in PANELS
        if uid == asked.board and asked.target in panel["targets"] and panel["title"] == asked.panel
    )


def answer(world: World, asked: Asked) -> list[dict[str, Any]]:
    """What Grafana would be told for the time from start to end."""
    step = DAY if panel_of(asked).get("interval") == "1d" else STEP
    span = {"__range": f"{world.end - world.start:.0f}s", "__interval": f"{step:.0f}s"}
    text = filled(asked.text, VALUES | span)
    if asked.target["instant"]:
        return world.now(text)
    return world.over_time(text, world.start // step * step, step)


def values(series: Mapping[str, Any]) -> list[float]:
    """The numbers of a series."""
    pairs = series["values"] if "values" in series else [series["value"]]
    return [float(value) for _, value in pairs]


def named_labels(legend: str) -> set[str]:
    return set(re.findall(r"\{\{(\w+)\}\}", legend))


@pytest.mark.parametrize("asked", QUERIES, ids=lambda asked: asked.name)
def test_every_query_is_answered_as_its_panel_draws_it(world: World, asked: Asked) -> None:
    found = answer(world, asked)
    if asked.name in MAY_BE_EMPTY:
        assert found == [], "no longer empty: take it off the list"
        return
    assert found
    assert all(any(isfinite(value) for value in values(series)) for series in found)
    for series in found:
        missing = named_labels(asked.target["legendFormat"]) - series["metric"].keys()
        assert missing <= GIVEN_BY_OPERATORS, f"the legend names {missing}"
    fits(asked.kind, found, panel_of(asked))


def fits(kind: str, found: list[dict[str, Any]], panel: Mapping[str, Any]) -> None:
    """Fail unless the kind of panel can draw it."""
    match kind:
        case "stat":
            assert len(found) == 1
        case "bargauge":
            assert 1 <= len(found) <= 20
        case "timeseries":
            assert len(found) <= 20
        case "state-timeline":
            (words,) = panel["fieldConfig"]["defaults"]["mappings"]
            shown = {f"{value:g}" for series in found for value in values(series)}
            assert shown <= words["options"].keys()
        case "table":
            keys = [row["metric"].get("charger", str(row["metric"])) for row in found]
            assert len(keys) == len(set(keys)), "two rows for one"
        case "heatmap":
            assert len({series["metric"]["le"] for series in found}) == len(found) > 5
        case _:
            raise AssertionError(f"nobody looks at a {kind}")


TABLES = [panel for _, panel in PANELS if panel["type"] == "table"]


@pytest.mark.parametrize("panel", TABLES, ids=lambda panel: panel["title"])
def test_every_column_of_a_table_is_answered(world: World, panel: Mapping[str, Any]) -> None:
    uid = next(uid for uid, other in PANELS if other is panel)
    there = set()
    for target in panel["targets"]:
        found = answer(world, Asked(uid, panel["title"], "table", target))
        there |= {label for series in found for label in series["metric"]}
        there |= {f"Value #{target['refId']}"} if len(panel["targets"]) > 1 else {"Value"}
    columns = panel["transformations"][1]["options"]["include"]["names"]
    assert set(columns) - there <= GIVEN_BY_OPERATORS


def metrics_named(text: str) -> set[str]:
    """The metrics of a query, without its labels' names."""
    bare = re.sub(r'"[^"]*"', "", text)
    bare = re.sub(r"(?:by|on|group_left)\s*\([^)]*\)", "", bare)
    return set(METRIC.findall(bare))


def family(name: str, types: Mapping[str, str]) -> str:
    """Of a histogram's series, the family."""
    for suffix in SUFFIXES:
        if types.get(name.removesuffix(suffix)) == "histogram":
            return name.removesuffix(suffix)
    return name


def test_every_metric_named_is_one_that_the_bridge_exposes(world: World) -> None:
    named = {name for asked in QUERIES for name in metrics_named(asked.text)}
    named |= {name for text in more_texts() for name in metrics_named(text)}
    assert len(named) > 60
    assert {name for name in named if family(name, world.types) not in world.types} == set()


def more_texts() -> Iterator[str]:
    """The queries of variables and annotations."""
    for board in BOARDS.values():
        for variable in board["templating"]["list"][1:]:
            yield variable["query"]["query"]
        for annotation in board["annotations"]["list"]:
            yield annotation["expr"]


def test_a_metric_that_nobody_exposes_is_noticed() -> None:
    types = {"evse_up": "gauge"}
    assert family("evse_renamed", types) not in types
    assert metrics_named('sum by (evse_source) (evse_up{evse_source="x"})') == {"evse_up"}


def test_every_variable_has_values(world: World) -> None:
    for board in BOARDS.values():
        for variable in board["templating"]["list"][1:]:
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert asked is not None
            series = world.now(filled(asked[1], VALUES))
            assert {row["metric"].get(asked[2]) for row in series} - {None}


def test_every_annotation_marks_what_happened(world: World) -> None:
    for board in BOARDS.values():
        for annotation in board["annotations"]["list"]:
            text = filled(annotation["expr"], VALUES)
            assert world.over_time(text, world.start, STEP), annotation["name"]


def test_a_site_that_is_chosen_leaves_the_others_out(world: World) -> None:
    up = next(asked for asked in QUERIES if asked.name == "nofos-fleet / Chargers / A")
    text = filled(up.text, VALUES | {"site": "north"})
    assert [series["metric"]["charger"] for series in world.now(text)] == [CRASHER]


def test_a_state_that_nobody_knows_is_called_so(world: World) -> None:
    states = [asked for asked in QUERIES if asked.name.startswith("nofos-fleet / States / ")]
    known, _, _ = (answer(world, asked) for asked in states)
    assert [asked.target["legendFormat"] for asked in states] == [
        "{{state_code}}", "fault", "unknown",
    ]  # fmt: skip
    assert {series["metric"]["state_code"] for series in known} <= {str(code) for code in NAMES}
    everything = world.over_time(f"sum({RECORDED_STATES})", world.end, STEP)
    parts = [world.over_time(filled(one.text, VALUES), world.end, STEP) for one in states]
    assert sum(values(one)[-1] for part in parts for one in part) == values(everything[0])[-1]


def test_every_state_has_a_word_and_a_colour() -> None:
    state = next(panel for _, panel in PANELS if panel["title"] == "State")
    (words,) = state["fieldConfig"]["defaults"]["mappings"]
    assert {int(code) for code in words["options"]} == set(NAMES)
    assert all(word["text"] and word["color"] for word in words["options"].values())


def test_names_and_sites_are_shown_where_operators_gave_them(world: World) -> None:
    names = next(asked for asked in QUERIES if asked.name == "nofos-fleet / Chargers / A")
    given = {
        (series["metric"]["alias"], series["metric"]["site"])
        for series in world.now(filled(names.text, VALUES))
        if "alias" in series["metric"]
    }
    assert given == {("Gate", "north"), ("Yard", "south")}


def test_the_preview_draws_every_panel(world: World) -> None:
    values = VALUES | {"__rate_interval": "15s"}
    asker = Asker(world.prometheus.url, world.start, world.end, values)
    for board in BOARDS.values():
        text, height = page(board, asker)
        assert text.count("<div class=panel") == len(list(panels(board)))
        assert text.count("No data") == 0
        assert text.count("no certificate in use") == (board["uid"] == "nofos-bridge")
        assert height > 500
