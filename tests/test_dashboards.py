"""The dashboards as files: fresh, importable anywhere, and to the rules of Grafana's linter.

Of dashboard-linter's rules, those on `job` are left out: whatever a site calls its job, chargers
are told apart by `charger` and `site`, and bridges by `instance`, which the Bridge dashboard has.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bridge.cli import app
from bridge.dashboards.files import dashboard_files
from tests.dash_parts import Asked, boards, panels, queries

GRAFANA = Path(__file__).resolve().parent.parent / "grafana"
BOARDS = boards("prometheus") | boards("influxdb")
UIDS = {
    "nofos-fleet", "nofos-charger", "nofos-faults", "nofos-energy", "nofos-bridge",
    "nofos-fleet-influx", "nofos-charger-influx", "nofos-faults-influx", "nofos-energy-influx",
}  # fmt: skip
CORE = {"stat", "timeseries", "table", "state-timeline", "bargauge", "heatmap"}
UNITS = {
    "none", "short", "watt", "watth", "s", "dBm", "bytes", "amp", "volt", "celsius",
    "percentunit", "cps", "reqps",
}  # fmt: skip
"""Ids of Grafana's units; a table's columns have theirs in overrides."""
COUNTER = re.compile(r"([\w:]+_(?:total|bucket)(?::sum)?)\b(?:\{[^}]*\})?(\[)?")
RANGED = re.compile(r"(rate|increase)\([\w:]+(?:\{[^}]*\})?\[(.*?)\]")
RECORDED = re.compile(r"\b\w+:\w+:\w+\b")

board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
Board = Mapping[str, Any]


def objects(node: object) -> Iterator[Mapping[str, Any]]:
    """Every object of a JSON document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def test_there_is_each_dashboard_under_its_stable_uid() -> None:
    assert set(BOARDS) == UIDS


def test_the_committed_files_are_fresh() -> None:
    committed = {
        path.relative_to(GRAFANA).as_posix(): path.read_text(encoding="utf-8")
        for path in GRAFANA.rglob("*")
        # That one is made from the others, for kustomize.
        if path.is_file() and path.name != "kustomization.yaml"
    }
    assert committed == dashboard_files(), "run: nofos-bridge dashboards --out ."


def test_the_command_writes_the_same_files(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["dashboards", "--out", str(tmp_path)])
    assert done.exit_code == 0
    written = (tmp_path / "grafana" / "dashboards" / "nofos-fleet.json").read_text("utf-8")
    assert written == dashboard_files()["dashboards/nofos-fleet.json"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "grafana").write_text("in the way", encoding="utf-8")
    done = CliRunner().invoke(app, ["dashboards", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert f"cannot write to {tmp_path / 'grafana'}" in done.stderr


@board
def test_every_datasource_is_the_chosen_one(board: Board) -> None:
    chosen = board["templating"]["list"][0]
    assert (chosen["type"], chosen["name"]) == ("datasource", "datasource")
    named = [each["datasource"] for each in objects(board) if "datasource" in each]
    assert len(named) > 20
    assert {(each["uid"], each["type"]) for each in named} == {("${datasource}", chosen["query"])}


@board
def test_every_panel_says_what_it_shows(board: Board) -> None:
    for panel in panels(board):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]


@board
def test_every_panel_is_one_that_grafana_brings(board: Board) -> None:
    assert {panel["type"] for panel in panels(board)} <= CORE


@board
def test_every_panel_has_a_known_unit(board: Board) -> None:
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels(board)} <= UNITS


@board
def test_a_panel_without_unit_shows_words_or_columns(board: Board) -> None:
    for panel in panels(board):
        if panel["fieldConfig"]["defaults"]["unit"] == "none":
            words = panel["fieldConfig"]["defaults"]["mappings"]
            assert words or panel["type"] == "table" or panel["options"]["textMode"] == "name"


@board
def test_a_dashboard_is_not_edited_in_place_and_has_range_and_refresh(board: Board) -> None:
    assert board["editable"] is False
    assert board["time"]["to"] == "now"
    assert re.fullmatch(r"now-\d+[hd]", board["time"]["from"])
    assert re.fullmatch(r"\d+m", board["refresh"])


@board
def test_each_panel_has_an_id_of_its_own(board: Board) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))


@board
def test_panels_neither_overlap_nor_stick_out(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells


@board
def test_dashboards_lead_to_their_siblings_and_tables_to_the_charger(board: Board) -> None:
    (menu,) = board["links"]
    assert set(menu["tags"]) == set(board["tags"])
    linked = [each["url"] for each in objects(board["panels"]) if "/d/" in str(each.get("url"))]
    for url in linked:
        assert url.partition("?")[0].removeprefix("/d/") in BOARDS
        assert "var-charger=${" in url
    assert bool(linked) == (board["uid"].removesuffix("-influx") in LEADING)


LEADING = {"nofos-fleet", "nofos-faults", "nofos-energy"}


def unrated(text: str) -> set[str]:
    """Counters that a query takes as they are, without a range."""
    return {name for name, ranged in COUNTER.findall(text) if not ranged}


STANDING = {
    "nofos-charger / GFCI trips / A": "the total of the charger's life is meant",
    "nofos-charger / No-ground trips / A": "the same",
    "nofos-charger / Stuck-relay trips / A": "the same",
    "nofos-bridge / Unaccounted / A": "the identity holds between totals",
}


def promql() -> list[Asked]:
    return [asked for board in boards("prometheus").values() for asked in queries(board)]


def test_every_counter_is_rated() -> None:
    assert {asked.name for asked in promql() if unrated(asked.text)} == STANDING.keys()


def test_a_rate_over_time_adapts_to_the_scrapes() -> None:
    for asked in promql():
        for function, span in RANGED.findall(asked.text):
            allowed = {"$__rate_interval"} if function == "rate" else {
                "$__rate_interval", "$__range", "$__interval"}  # fmt: skip
            assert span in allowed, asked.name


def test_a_panel_that_needs_recorded_series_says_so() -> None:
    for board in boards("prometheus").values():
        for panel in panels(board):
            asked = " ".join(target["expr"] for target in panel["targets"])
            needs = bool(RECORDED.search(asked))
            said = panel["description"].endswith("Rests on the recorded series of rules.yml.")
            assert said == needs, panel["title"]


def test_every_recorded_series_named_is_one_that_the_rules_record() -> None:
    named = {name for asked in promql() for name in RECORDED.findall(asked.text)}
    rules = (GRAFANA.parent / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    recorded = set(re.findall(r"- record: (\S+)", rules))
    assert len(named) == 5
    assert named - recorded == set()


@board
def test_nothing_else_than_what_grafana_brings_is_asked_for(board: Board) -> None:
    assert "__inputs" not in board
    assert {each["type"] for each in board["templating"]["list"]} <= {"datasource", "query"}
