"""Every query of the dashboards for InfluxDB, on a bad day of a small fleet."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bridge.core.fields.catalogue import CATALOGUE, Kind
from tests.kit.dash_world import World
from tests.kit.dashboards import Asked, boards, filled, panels, queries
from tests.kit.servers import InfluxDB, Table

BOARDS = boards("influxdb")
QUERIES = [asked for board in BOARDS.values() for asked in queries(board)]
PANELS = [(uid, panel) for uid, board in BOARDS.items() for panel in panels(board)]
CHARGER = "e0e84adf820d"
DICED = {
    "nofos-faults-influx / By kind": "which faults occur is up to the simulator's dice",
    "nofos-fleet-influx / States": "no simulated charger sleeps",
    "nofos-charger-influx / Temperature": "this charger has one sensor of two",
}
"""Panels of which the day answers some queries; tests/dashboards/test_staged.py has them all."""
MEASUREMENTS = {
    "evse": {row.column for row in CATALOGUE if row.kind is not Kind.TEXT}
    | {"power", "energy_total", "polled", "charger", "site"},
    "evse_event": {"charger", "kind", "code", "text", "device_time"},
    "evse_charge": {
        "charger", "site", "start", "charging_s", "plugged_s", "energy_wh", "peak_a", "peak_w",
        "doubtful",
    },
}  # fmt: skip
"""Columns and tags by measurement."""


@pytest.fixture(scope="module")
def influx(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    with InfluxDB(tmp_path_factory.mktemp("influx")) as server:
        server.write(world.lines)
        yield server


def asked_for(world: World, text: str, interval: str = "5s") -> str:
    """The query over the whole day, for all sites."""
    start, end = int((world.start - 5) * 1000), int((world.end + 1) * 1000)
    span = f"time >= {start}ms and time <= {end}ms"
    values = {"timeFilter": span, "__interval": interval, "site": ".*", "charger": CHARGER}
    return filled(text, values)


def answer(world: World, influx: InfluxDB, asked: Asked) -> list[Table]:
    panel = panel_of(asked)
    interval = "1d" if panel.get("interval") == "1d" else "5s"
    return influx.query(asked_for(world, asked.text, interval))


def panel_of(asked: Asked) -> Mapping[str, Any]:
    return next(
        panel for uid, panel in PANELS if uid == asked.board and asked.target in panel["targets"]
    )


def numbers(table: Table) -> list[float]:
    """What is not empty in the columns behind the time."""
    return [value for row in table.rows for value in row[1:] if isinstance(value, int | float)]


@pytest.mark.parametrize("asked", QUERIES, ids=lambda asked: asked.name)
def test_every_query_is_answered_as_its_panel_draws_it(
    world: World, influx: InfluxDB, asked: Asked
) -> None:
    found = answer(world, influx, asked)
    assert found or f"{asked.board} / {asked.panel}" in DICED
    assert all(numbers(table) for table in found) or asked.kind == "table"
    fits(asked, found)


def fits(asked: Asked, found: list[Table]) -> None:
    """Fail unless the kind of panel can draw it."""
    for name in re.findall(r"\$tag_(\w+)", asked.target["alias"]):
        assert all(name in table.tags for table in found)
    if asked.kind == "table":
        assert all(table.rows for table in found)
        return
    assert all(len(table.columns) == 2 for table in found), "one value for each time"
    if asked.kind == "stat":
        assert [len(table.rows) for table in found] == [1]
    if asked.kind == "state-timeline":
        (words,) = panel_of(asked)["fieldConfig"]["defaults"]["mappings"]
        shown = {f"{value:g}" for table in found for value in numbers(table)}
        assert shown <= words["options"].keys()


@pytest.mark.parametrize("name", DICED)
def test_some_query_of_such_a_panel_is_answered(world: World, influx: InfluxDB, name: str) -> None:
    found = [
        answer(world, influx, asked)
        for asked in QUERIES
        if f"{asked.board} / {asked.panel}" == name
    ]
    assert any(found)


TABLES = [(uid, panel) for uid, panel in PANELS if panel["type"] == "table"]


@pytest.mark.parametrize(
    ("uid", "panel"), TABLES, ids=[f"{uid} {panel['title']}" for uid, panel in TABLES]
)
def test_every_column_of_a_table_is_answered(
    world: World, influx: InfluxDB, uid: str, panel: Mapping[str, Any]
) -> None:
    (target,) = panel["targets"]
    found = answer(world, influx, Asked(uid, panel["title"], "table", target))
    there = {"Time"} | {name for table in found for name in (*table.columns, *table.tags)}
    columns = panel["transformations"][1]["options"]["include"]["names"]
    assert set(columns) - there == set()


def columns_named(text: str) -> dict[str, set[str]]:
    """The quoted columns of a query by measurement, without the names it gives itself."""
    (measurement,) = re.findall(r'FROM "(\w+)"', text)
    own = set(re.findall(r'AS "(\w+)"', text))
    return {measurement: set(re.findall(r'"(\w+)"', text)) - own - {measurement}}


def every_text() -> Iterator[str]:
    """Of panels, variables and annotations."""
    for board in BOARDS.values():
        yield from (asked.text for asked in queries(board))
        yield from (each["query"] for each in board["templating"]["list"][1:])
        yield from (each["query"] for each in board["annotations"]["list"])


def test_every_column_named_is_one_that_the_bridge_writes() -> None:
    for text in every_text():
        for measurement, columns in columns_named(text).items():
            assert columns - MEASUREMENTS[measurement] == set(), text


def test_a_column_that_nobody_writes_is_noticed() -> None:
    named = columns_named('SELECT LAST("renamed") AS "x" FROM "evse" WHERE "charger" = \'a\'')
    assert named["evse"] - MEASUREMENTS["evse"] == {"renamed"}


def test_every_variable_has_values(world: World, influx: InfluxDB) -> None:
    found = {
        each["name"]: {row[1] for table in influx.query(each["query"]) for row in table.rows}
        for board in BOARDS.values()
        for each in board["templating"]["list"][1:]
    }
    assert found["site"] == {"north", "south"}
    assert CHARGER in found["charger"]


@pytest.mark.parametrize("uid", BOARDS)
def test_annotations_mark_what_happened(world: World, influx: InfluxDB, uid: str) -> None:
    marks = BOARDS[uid]["annotations"]["list"]
    for mark in marks:
        assert mark["target"]["query"] == mark["query"]
    found = [influx.query(asked_for(world, mark["query"])) for mark in marks]
    assert any(found) or not marks


def test_a_site_that_is_chosen_leaves_the_others_out(world: World, influx: InfluxDB) -> None:
    by_charger = next(asked for asked in QUERIES if asked.name.endswith("influx / Chargers / A"))
    text = by_charger.text.replace("$site", "north")
    assert [each.tags for each in influx.query(asked_for(world, text))] == [
        {"charger": "3f28751e967"}
    ]
