"""The bench of the Fleet dashboard: its past is whole, and its slowest query is judged."""

import time
from collections.abc import Sequence
from dataclasses import replace

from bench.fleet_queries import FleetQueries, Timed
from bench.goal import Goal
from bench.goals import queries_goal
from bench.past import PORTIONS, Past

ASKED = FleetQueries(10_000, [Timed("nofos-fleet / Up / A", 1, 0.4)])


def judged(*seconds: float) -> Goal:
    return queries_goal(replace(ASKED, timed=[Timed(f"q{each}", 1, each) for each in seconds]))


def test_the_slowest_query_is_told() -> None:
    assert judged(0.1, 2.0, 0.3) == Goal(
        "slowest of 3 queries of the Fleet dashboard, 10,000 chargers",
        "2.00 s (q2.0)", "≤ 2 s", True,
    )  # fmt: skip


def test_one_query_over_the_aim_misses_it() -> None:
    assert judged(0.1, 2.01).met is False
    assert (
        "| q2.01 | 1      | 2.01 s | **no** |"
        in replace(ASKED, timed=[Timed("q2.01", 1, 2.01)]).table()
    )


def stamps(past: Past, portion: int) -> Sequence[int]:
    """Seconds of each scrape of charger 0's portion, until there is nothing more to tell."""
    texts = iter(lambda: past.scrape(portion), b"")
    return [int(text.rsplit(b" ", 1)[1][:-4]) for text in texts]


def test_a_past_goes_on_by_thirty_seconds_up_to_now() -> None:
    began = int(time.time())
    past = Past(8, 120)
    times = stamps(past, 0)
    assert [at - past.start for at in times[:5]] == [0, 30, 60, 90, 120]
    assert began <= past.end <= began + 1


def test_a_past_is_whole_when_every_portion_is() -> None:
    past = Past(8, 60)
    for portion in range(PORTIONS - 1):
        stamps(past, portion)
    assert not past.done.is_set()
    stamps(past, PORTIONS - 1)
    assert past.done.is_set()


def test_the_portions_hold_every_charger_once() -> None:
    past = Past(10, 0)
    shown = [
        row.partition(b"{")[2].partition(b"}")[0]
        for portion in range(PORTIONS)
        for row in past.scrape(portion).splitlines()
        if row.startswith(b"evse_up{")
    ]
    assert sorted(shown) == [f'charger="{number:012x}"'.encode() for number in range(10)]
