"""Every dashboard keeps every rule, and each rule notices a dashboard that breaks it."""

import copy
from typing import Any

import pytest

from tests.dashboards.rules import RULES, STANDING
from tests.kit.dashboards import boards, panels, queries

BOARDS = boards("prometheus") | boards("influxdb")
FLEET = BOARDS["nofos-fleet"]
BREAKS = [
    ("a_datasource_is_chosen", "/templating/list/0/type", "query"),
    ("a_datasource_is_chosen", "/templating/list/0/label", "Source"),
    ("a_datasource_is_chosen", "/templating/list/0/query", "influxdb"),
    ("every_datasource_is_the_chosen_one", "Up/datasource", {"uid": "P1", "type": "prometheus"}),
    ("every_datasource_is_the_chosen_one", "Up/targets/0/datasource/type", "loki"),
    ("every_datasource_is_the_chosen_one", "/templating/list/1/datasource/uid", "P1"),
    ("variables_follow_the_time", "/templating/list/1/refresh", 1),
    ("nothing_is_imported", "/__inputs", []),
    ("nothing_is_imported", "/templating/list/1/type", "custom"),
    ("every_panel_says_what_it_shows", "Up/title", ""),
    ("every_panel_says_what_it_shows", "Up/description", ""),
    ("every_panel_asks", "Up/targets", []),
    ("every_panel_asks", "Up/targets/0/expr", ""),
    ("every_panel_is_one_that_grafana_brings", "Up/type", "grafana-worldmap-panel"),
    ("every_panel_has_a_unit", "Power/fieldConfig/defaults/unit", "watts"),
    ("every_panel_has_a_unit", "Power/fieldConfig/defaults/unit", "none"),
    ("counters_are_rated", "Energy today/targets/0/expr", "sum(evse_energy_joules_total)"),
    ("counters_are_rated", "Up/targets/0/expr", 'sum(evse_sessions_total{charger="a"})'),
    ("counters_are_rated", "Presence/targets/0/expr", "sum(charger:evse_faults_total:sum)"),
    ("rates_follow_the_scrapes", "Up/targets/0/expr", "sum(rate(evse_faults_total[5m]))"),
    ("rates_follow_the_scrapes", "Up/targets/0/expr", "increase(evse_faults_total{a='b'}[1h])"),
    ("rates_follow_the_scrapes", "Presence/targets/0/expr",
     "sum(increase(charger:evse_faults_total:sum[1h]))"),
    ("recorded_series_are_said", "Up/targets/0/expr", "sum(site:evse_up:sum)"),
    ("recorded_series_are_said", "Presence/description", "Those that are up."),
    ("nobody_edits_it_in_place", "/editable", True),
    ("it_has_range_and_refresh", "/time/from", "2026-11-01T00:00:00Z"),
    ("it_has_range_and_refresh", "/time/to", "now-1h"),
    ("it_has_range_and_refresh", "/refresh", ""),
    ("each_panel_has_an_id", "Up/id", FLEET["panels"][0]["id"]),
    ("panels_lie_side_by_side", "Up/gridPos/w", 4),
    ("panels_lie_side_by_side", "Chargers/gridPos/w", 25),
    ("it_leads_to_its_siblings_and_to_chargers", "/links/0/tags", ["nofos-bridge"]),
    ("it_leads_to_its_siblings_and_to_chargers", "/links", []),
    ("it_leads_to_its_siblings_and_to_chargers",
     "Weakest Wi-Fi/fieldConfig/defaults/links/0/url", "/d/nofos-charger-influx?var-charger=${x}"),
    ("it_leads_to_its_siblings_and_to_chargers",
     "Weakest Wi-Fi/fieldConfig/defaults/links/0/url", "/d/nofos-charger?orgId=1"),
]  # fmt: skip
"""The rule, the place below the Fleet dashboard or one of its panels, and what is put there."""


def broken(place: str, value: object) -> dict[str, Any]:
    """The Fleet dashboard with another value at this place."""
    board = copy.deepcopy(FLEET)
    title, *path, last = place.split("/")
    node: Any = next(each for each in panels(board) if each["title"] == title) if title else board
    for step in path:
        node = node[int(step) if isinstance(node, list) else step]
    node[last] = value
    return board


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("uid", BOARDS)
def test_every_dashboard_keeps_every_rule(uid: str, rule: str) -> None:
    assert list(RULES[rule](BOARDS[uid])) == []


@pytest.mark.parametrize(
    ("rule", "place", "value"), BREAKS, ids=[f"{rule}-{place}" for rule, place, _ in BREAKS]
)
def test_a_dashboard_that_breaks_a_rule_is_noticed(rule: str, place: str, value: object) -> None:
    assert list(RULES[rule](broken(place, value)))


def test_no_rule_is_without_its_break() -> None:
    assert {rule for rule, _, _ in BREAKS} == RULES.keys()


def test_a_dashboard_from_which_nothing_leads_to_a_charger_is_noticed() -> None:
    board = copy.deepcopy(FLEET)
    for panel in panels(board):
        panel["fieldConfig"]["defaults"].pop("links", None)
        panel["fieldConfig"]["overrides"] = []
    assert list(RULES["it_leads_to_its_siblings_and_to_chargers"](board)) == ["no way to a charger"]


def test_what_may_stand_unrated_is_there() -> None:
    names = {asked.name for board in boards("prometheus").values() for asked in queries(board)}
    assert STANDING.keys() <= names
