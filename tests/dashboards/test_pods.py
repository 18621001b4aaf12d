"""Chargers that two pods show, or that move: the dashboards say the same as of one pod."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.kit import backfill
from tests.kit.alert_day import Day
from tests.kit.dashboards import Asked, boards, filled, panels, queries
from tests.kit.servers import Prometheus
from tests.kit.servers.web import ask

MINUTES, OVERLAP = 40, 12
"""Scrapes in all, and how many of the last ones have both pods."""
MOVE, MOVING = 24, 2
"""After how many scrapes the chargers move, and how many have both pods then."""
BLURRED = range(-60 * (MINUTES - MOVE), -60 * (MINUTES - MOVE - MOVING) + 330)
"""Seconds from the end: what is filled in cannot say that a series ended, so the old pod's are
seen for another five minutes, and what is recorded a little longer."""
OF_PODS = "nofos-bridge"
BOARDS = {uid: board for uid, board in boards("prometheus").items() if uid != OF_PODS}
QUERIES = [asked for board in BOARDS.values() for asked in queries(board)]
VALUES = {
    "site": ".*", "instance": ".*", "charger": "c3", "__rate_interval": "3m", "__range": "30m",
    "__interval": "900s",
}  # fmt: skip
HAPPENED = {
    "evse_state_code": "6", "evse_fault": "1", 'evse_faults_total{fault="gfci_fault"': "2",
    "evse_crashes_total": "3", "evse_boots_total": "4", "evse_gfci_trips_total": "1",
}  # fmt: skip
"""Of charger c3, while there are two pods."""
EMPTY_ON_A_CALM_DAY = {
    "nofos-charger / Temperature / A", "nofos-charger / Free block before it / A",
    "nofos-charger / Safety checks / A", "nofos-charger / Uptime before it / A",
    "nofos-faults / Gateways that crashed / D", "nofos-faults / Gateways that crashed / E",
}  # fmt: skip
"""No crash is recorded, no /config is asked for, and one sensor is not there."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Servers that saw the same day, up to the same moment."""

    one_pod: Prometheus
    two_pods: Prometheus
    moved: Prometheus
    end: int


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("pods")
    for name in ("day", "one", "two", "moved"):
        (folder / name).mkdir()
    day = Day(folder / "day")
    day.live(MINUTES)
    for shown in day.scrapes[-OVERLAP + 4 :]:
        _let_happen(shown)
    both = [_at_both(shown) for shown in day.scrapes]
    two = [*day.scrapes[:-OVERLAP], *both[-OVERLAP:]]
    others = [_at_the_other(shown) for shown in day.scrapes]
    moved = [*day.scrapes[:MOVE], *both[MOVE : MOVE + MOVING], *others[MOVE + MOVING :]]
    end = int(time.time()) // 60 * 60 - 60
    wanted = frozenset(name.partition("{")[0] for shown in day.scrapes for name in shown)

    def server(name: str, scrapes: Sequence[Mapping[str, str]]) -> Prometheus:
        return backfill.filled(folder / name, scrapes, wanted, end)

    with ExitStack() as running:
        one = running.enter_context(server("one", day.scrapes))
        yield Seen(
            one,
            running.enter_context(server("two", two)),
            running.enter_context(server("moved", moved)),
            end,
        )


def _let_happen(shown: dict[str, str]) -> None:
    for name in list(shown):
        for what, value in HAPPENED.items():
            bare, _, label = what.partition("{")
            if name.startswith(f'{bare}{{charger="c3"') and label in name:
                shown[name] = value


def _at_the_other(shown: Mapping[str, str]) -> dict[str, str]:
    """The same scrape, the chargers' series of the other pod."""
    return {
        name.replace('instance="bridge-0"', 'instance="bridge-1"')
        if "charger=" in name
        else name: value
        for name, value in shown.items()
    }


def _at_both(shown: Mapping[str, str]) -> dict[str, str]:
    return {**shown, **_at_the_other(shown)}


def answer(
    server: Prometheus, asked: Asked, end: int, *, without: range = range(0)
) -> Mapping[str, list[float]]:
    """The values of each series, by its labels; not those at seconds `without`, from the end."""
    text = filled(asked.text, VALUES)
    if asked.target["instant"]:
        found = _asked(server, "query", {"query": text, "time": str(end)})
    else:
        span = {"start": str(end - 1800), "end": str(end), "step": "60"}
        found = _asked(server, "query_range", {"query": text, **span})
    return {
        json.dumps(series["metric"], sort_keys=True): [
            float(value) for at, value in _pairs(series) if round(at) - end not in without
        ]
        for series in found
    }


def _asked(server: Prometheus, path: str, words: Mapping[str, str]) -> list[dict[str, Any]]:
    data = json.loads(ask(f"{server.url}/api/v1/{path}", words))["data"]
    scalar = data["resultType"] == "scalar"
    return [{"metric": {}, "value": data["result"]}] if scalar else list(data["result"])


def _pairs(series: Mapping[str, Any]) -> list[tuple[float, str]]:
    return list(series["values"]) if "values" in series else [series["value"]]


def about(found: Mapping[str, list[float]]) -> dict[str, object]:
    """Prometheus reckons a counter's growth to the edges of its window, which differ a little for
    the pod that came later; what is counted twice is 40 % more at least."""
    return {labels: pytest.approx(values, rel=0.3) for labels, values in found.items()}


@pytest.mark.parametrize(
    "asked",
    [each for each in QUERIES if "increase(" not in each.text],
    ids=lambda asked: asked.name,
)
def test_two_pods_are_shown_as_one(seen: Seen, asked: Asked) -> None:
    """What grew is another matter: twelve minutes at both pods are counted twice."""
    of_one = answer(seen.one_pod, asked, seen.end)
    assert of_one or asked.name in EMPTY_ON_A_CALM_DAY
    assert answer(seen.two_pods, asked, seen.end) == about(of_one)


@pytest.mark.parametrize("asked", QUERIES, ids=lambda asked: asked.name)
def test_chargers_that_moved_are_shown_as_if_they_had_not(seen: Seen, asked: Asked) -> None:
    of_one = answer(seen.one_pod, asked, seen.end, without=BLURRED)
    assert answer(seen.moved, asked, seen.end, without=BLURRED) == about(of_one)


def carelessly(expression: str) -> Asked:
    (panel,) = (each for each in panels(BOARDS["nofos-fleet"]) if each["title"] == "Up")
    return Asked("nofos-fleet", "Up", "stat", {**panel["targets"][0], "expr": expression})


@pytest.mark.parametrize("careless", ["sum(evse_up)", "evse_up"])
def test_a_query_that_counts_both_would_be_noticed(seen: Seen, careless: str) -> None:
    asked = carelessly(careless)
    of_one = answer(seen.one_pod, asked, seen.end)
    assert answer(seen.two_pods, asked, seen.end) != about(of_one)


def test_a_query_that_counts_one_part_of_a_growth_would_be_noticed(seen: Seen) -> None:
    asked = carelessly("sum(max by (charger) (increase(evse_energy_joules_total[30m])))")
    of_one = answer(seen.one_pod, asked, seen.end)
    assert answer(seen.moved, asked, seen.end) != about(of_one)
