"""What a dashboard must be like: the rules of Grafana's dashboard-linter, and our own.

Of dashboard-linter's rules, those on `job` are left out: whatever a site calls its job, chargers
are told apart by `charger` and `site`, and bridges by `instance`, which the Bridge dashboard has.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.kit.alerts import RECORDED
from tests.kit.dashboards import panels, queries

Board = Mapping[str, Any]
Rule = Callable[[Board], Iterator[str]]
"""Gives a word for each thing that is wrong."""

CORE = {"stat", "timeseries", "table", "state-timeline", "bargauge", "heatmap"}
UNITS = {
    "none", "short", "watt", "watth", "s", "dBm", "bytes", "amp", "volt", "celsius",
    "percentunit", "cps", "reqps",
}  # fmt: skip
"""Ids of Grafana's units; a table's columns have theirs in overrides."""
STANDING = {
    "nofos-charger / GFCI trips / A": "the total of the charger's life is meant",
    "nofos-charger / No-ground trips / A": "the same",
    "nofos-charger / Stuck-relay trips / A": "the same",
    "nofos-bridge / Unaccounted / A": "the identity holds between totals",
}
"""Counters that are asked for as they are."""
UNREACHED = {"nofos-charger", "nofos-bridge", "nofos-charger-influx"}
"""Dashboards from which no table leads to a charger."""
SAYS_RECORDED = "Needs the recording rules of rules.yml."
_COUNTER = re.compile(r"([\w:]+_(?:total|bucket)(?::sum)?)\b(?:\{[^}]*\})?(\[)?")
_RANGED = re.compile(r"(rate|increase)\([\w:]+(?:\{[^}]*\})?\[(.*?)\]")
_SPANS = {
    "rate": {"$__rate_interval"},
    "increase": {"$__rate_interval", "$__range", "$__interval"},
}


def objects(node: object) -> Iterator[Mapping[str, Any]]:
    """Every object of a JSON document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def a_datasource_is_chosen(board: Board) -> Iterator[str]:
    chosen = board["templating"]["list"][0]
    if (chosen["type"], chosen["name"], chosen["label"]) != (
        "datasource", "datasource", "Data source",
    ):  # fmt: skip
        yield "the first variable is no datasource"
    if chosen["query"] not in board["tags"]:
        yield f"{chosen['query']} is not what the dashboard asks"


def every_datasource_is_the_chosen_one(board: Board) -> Iterator[str]:
    kind = board["templating"]["list"][0]["query"]
    for each in objects(board):
        if each.get("datasource", {"uid": "${datasource}", "type": kind}) != {
            "uid": "${datasource}", "type": kind,
        }:  # fmt: skip
            yield str(each["datasource"])


def variables_follow_the_time(board: Board) -> Iterator[str]:
    for each in board["templating"]["list"][1:]:
        if each["refresh"] != 2:
            yield each["name"]


def nothing_is_imported(board: Board) -> Iterator[str]:
    yield from (name for name in ("__inputs", "__requires") if name in board)
    kinds = {each["type"] for each in board["templating"]["list"]}
    yield from kinds - {"datasource", "query"}


def every_panel_says_what_it_shows(board: Board) -> Iterator[str]:
    for panel in panels(board):
        if not panel["title"] or not panel["description"].endswith("."):
            yield panel["title"]


def every_panel_asks(board: Board) -> Iterator[str]:
    for panel in panels(board):
        if not panel["targets"] or not all(
            each.get("expr") or each.get("query") for each in panel["targets"]
        ):
            yield panel["title"]


def every_panel_is_one_that_grafana_brings(board: Board) -> Iterator[str]:
    yield from (panel["type"] for panel in panels(board) if panel["type"] not in CORE)


def every_panel_has_a_unit(board: Board) -> Iterator[str]:
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        wordy = panel["type"] == "table" or panel["options"].get("textMode") == "name"
        if defaults.get("unit") not in UNITS:
            yield f"{panel['title']}: {defaults.get('unit')}"
        elif defaults["unit"] == "none" and not defaults["mappings"] and not wordy:
            yield f"{panel['title']}: neither unit nor words"


def counters_are_rated(board: Board) -> Iterator[str]:
    for asked in queries(board) if "prometheus" in board["tags"] else ():
        taken = [name for name, ranged in _COUNTER.findall(asked.text) if not ranged]
        if taken and asked.name not in STANDING:
            yield f"{asked.name}: {taken}"


def rates_follow_the_scrapes(board: Board) -> Iterator[str]:
    for asked in queries(board):
        for function, span in _RANGED.findall(asked.text):
            if span not in _SPANS[function]:
                yield f"{asked.name}: {function} over {span}"


def recorded_series_are_said(board: Board) -> Iterator[str]:
    for panel in panels(board):
        asked = " ".join(target.get("expr", "") for target in panel["targets"])
        if panel["description"].endswith(SAYS_RECORDED) != bool(RECORDED.search(asked)):
            yield panel["title"]


def nobody_edits_it_in_place(board: Board) -> Iterator[str]:
    if board["editable"]:
        yield "it is lost with the next version"


def it_has_range_and_refresh(board: Board) -> Iterator[str]:
    if board["time"]["to"] != "now" or not re.fullmatch(r"now-\d+[hd]", board["time"]["from"]):
        yield str(board["time"])
    if not re.fullmatch(r"\d+m", board["refresh"]):
        yield str(board["refresh"])


def each_panel_has_an_id(board: Board) -> Iterator[str]:
    ids = [panel["id"] for panel in board["panels"]]
    yield from (str(each) for each in set(ids) if ids.count(each) > 1)


def panels_lie_side_by_side(board: Board) -> Iterator[str]:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        if taken & cells or at["x"] + at["w"] > 24:
            yield panel["title"]
        taken |= cells


def it_leads_to_its_siblings_and_to_chargers(board: Board) -> Iterator[str]:
    menus = [set(each["tags"]) for each in board["links"]]
    if menus != [set(board["tags"])]:
        yield f"menus: {menus}"
    urls = [each["url"] for each in objects(board["panels"]) if "/d/" in str(each.get("url"))]
    charger = "nofos-charger-influx" if "influxdb" in board["tags"] else "nofos-charger"
    yield from (url for url in urls if not url.startswith(f"/d/{charger}?"))
    yield from (url for url in urls if "var-charger=${" not in url)
    if bool(urls) == (board["uid"] in UNREACHED):
        yield "no way to a charger" if not urls else "a charger that leads to itself"


RULES: Mapping[str, Rule] = {
    each.__name__: each
    for each in (
        a_datasource_is_chosen, every_datasource_is_the_chosen_one, variables_follow_the_time,
        nothing_is_imported, every_panel_says_what_it_shows, every_panel_asks,
        every_panel_is_one_that_grafana_brings, every_panel_has_a_unit, counters_are_rated,
        rates_follow_the_scrapes, recorded_series_are_said, nobody_edits_it_in_place,
        it_has_range_and_refresh, each_panel_has_an_id, panels_lie_side_by_side,
        it_leads_to_its_siblings_and_to_chargers,
    )
}  # fmt: skip
