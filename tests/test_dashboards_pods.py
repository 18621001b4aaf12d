"""Two pods show the same chargers for a while: the dashboards say what they say of one pod."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests import backfill
from tests.alert_day import Day
from tests.dash_parts import Asked, boards, filled, panels, queries
from tests.servers import Prometheus
from tests.servers.web import ask

MINUTES, OVERLAP = 40, 12
"""Scrapes in all, and how many of the last ones have both pods."""
OF_PODS = "nofos-bridge"
BOARDS = {uid: board for uid, board in boards("prometheus").items() if uid != OF_PODS}
QUERIES = [asked for board in BOARDS.values() for asked in queries(board)]
VALUES = {
    "site": ".*", "instance": ".*", "charger": "c3", "__rate_interval": "3m", "__range": "30m",
    "__interval": "300s",
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
    """Two servers that saw the same day, up to the same moment."""

    one_pod: Prometheus
    two_pods: Prometheus
    end: int


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("pods")
    for name in ("day", "one", "two"):
        (folder / name).mkdir()
    day = Day(folder / "day")
    day.live(MINUTES)
    for shown in day.scrapes[-OVERLAP + 4 :]:
        _let_happen(shown)
    both = [dict(shown) for shown in day.scrapes]
    for shown in both[-OVERLAP:]:
        shown |= {_at_the_other(name): value for name, value in shown.items() if "charger=" in name}
    end = int(time.time()) // 60 * 60 - 60
    wanted = frozenset(name.partition("{")[0] for shown in both for name in shown)
    with ExitStack() as running:
        one = running.enter_context(backfill.filled(folder / "one", day.scrapes, wanted, end))
        two = running.enter_context(backfill.filled(folder / "two", both, wanted, end))
        yield Seen(one, two, end)


def _let_happen(shown: dict[str, str]) -> None:
    for name in list(shown):
        for what, value in HAPPENED.items():
            bare, _, label = what.partition("{")
            if name.startswith(f'{bare}{{charger="c3"') and label in name:
                shown[name] = value


def _at_the_other(name: str) -> str:
    return name.replace('instance="bridge-0"', 'instance="bridge-1"')


def answer(server: Prometheus, asked: Asked, end: int) -> Mapping[str, list[float]]:
    """The values of each series, by its labels."""
    text = filled(asked.text, VALUES)
    if asked.target["instant"]:
        found = _asked(server, "query", {"query": text, "time": str(end)})
    else:
        span = {"start": str(end - 1800), "end": str(end), "step": "60"}
        found = _asked(server, "query_range", {"query": text, **span})
    return {json.dumps(series["metric"], sort_keys=True): _values(series) for series in found}


def _asked(server: Prometheus, path: str, words: Mapping[str, str]) -> list[dict[str, Any]]:
    data = json.loads(ask(f"{server.url}/api/v1/{path}", words))["data"]
    scalar = data["resultType"] == "scalar"
    return [{"metric": {}, "value": data["result"]}] if scalar else list(data["result"])


def _values(series: Mapping[str, Any]) -> list[float]:
    pairs = series["values"] if "values" in series else [series["value"]]
    return [float(value) for _, value in pairs]


def about(found: Mapping[str, list[float]]) -> dict[str, object]:
    """Prometheus reckons a counter's growth to the edges of its window, which differ a little for
    the pod that came later; what is counted twice is 40 % more at least."""
    return {labels: pytest.approx(values, rel=0.3) for labels, values in found.items()}


@pytest.mark.parametrize("asked", QUERIES, ids=lambda asked: asked.name)
def test_two_pods_are_shown_as_one(seen: Seen, asked: Asked) -> None:
    of_one = answer(seen.one_pod, asked, seen.end)
    assert of_one or asked.name in EMPTY_ON_A_CALM_DAY
    assert answer(seen.two_pods, asked, seen.end) == about(of_one)


@pytest.mark.parametrize(
    "careless", ["sum(evse_up)", "sum(increase(evse_energy_joules_total[30m]))", "evse_up"]
)
def test_a_query_that_counts_both_would_be_noticed(seen: Seen, careless: str) -> None:
    (panel,) = (each for each in panels(BOARDS["nofos-fleet"]) if each["title"] == "Up")
    asked = Asked("nofos-fleet", "Up", "stat", {**panel["targets"][0], "expr": careless})
    of_one = answer(seen.one_pod, asked, seen.end)
    assert answer(seen.two_pods, asked, seen.end) != about(of_one)
