"""Whom `run` asks over MQTT when, on a clock that the test turns."""

import itertools
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.rapi.open_queries import QueryOutcome
from bridge.core.rapi.query import Query
from bridge.core.rapi.query_backoff import QueryBackoff
from bridge.core.rapi.schedule import QueryConfig, QuerySchedule, config_for

ONE = ChargerId("one")
STEADY = QueryConfig(every=100.0, jitter=0.0)


def plan(manner: QueryConfig = STEADY) -> QuerySchedule:
    """Who is admitted first has 0.618 of a period to wait."""
    return QuerySchedule(manner, random=lambda: 0.0)


def one_admitted(manner: QueryConfig = STEADY) -> QuerySchedule:
    made = plan(manner)
    made.admit(ONE, Steady(0.0))
    return made


def gaps(outcome: QueryOutcome, count: int) -> list[float]:
    """The seconds between the queries to a charger whose queries all end so, at once."""
    asked, now = one_admitted(), 0.0
    at: list[float] = []
    while len(at) <= count:
        now += 1.0
        if asked.due(Steady(now)):
            at.append(now)
            asked.done(ONE, outcome, Steady(now))
    return [after - before for before, after in itertools.pairwise(at)]


def test_a_charger_is_asked_within_a_period_of_being_admitted() -> None:
    asked = one_admitted()
    assert asked.due(Steady(61.0)) is None
    assert asked.due(Steady(62.0)) == (ONE, Query.ENERGY)


def test_while_it_is_asked_it_is_not_asked_again() -> None:
    asked = one_admitted()
    asked.due(Steady(62.0))
    assert asked.due(Steady(10_000.0)) is None


def test_who_is_admitted_again_keeps_its_place() -> None:
    asked = one_admitted()
    asked.admit(ONE, Steady(61.0))
    assert asked.due(Steady(62.0)) is not None
    asked.done(ONE, QueryOutcome.ANSWERED, Steady(62.0))
    asked.admit(ONE, Steady(62.0))
    assert asked.due(Steady(161.0)) is None


def test_energy_faults_and_state_take_turns() -> None:
    asked, seen = one_admitted(), []
    for turn in range(1, 6):
        due = asked.due(Steady(turn * 100.0))
        assert due is not None
        seen.append(due[1].value)
        asked.done(ONE, QueryOutcome.ANSWERED, Steady(turn * 100.0))
    assert seen == ["$GU", "$GF", "$GS", "$GU", "$GF"]


def test_a_round_takes_as_long_as_the_setting_says() -> None:
    assert config_for(300.0).every == 100.0


def test_no_charger_is_asked_more_than_once_a_minute() -> None:
    assert config_for(30.0).every == 60.0


def test_one_that_answers_or_refuses_is_asked_at_its_pace() -> None:
    assert gaps(QueryOutcome.ANSWERED, 3) == [100.0, 100.0, 100.0]
    assert gaps(QueryOutcome.REFUSED, 6) == [100.0] * 6


def test_one_that_never_answers_is_asked_ever_less_down_to_once_an_hour() -> None:
    expected = [100.0, 100.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 3600.0, 3600.0]
    assert gaps(QueryOutcome.TIMEOUT, 10) == expected
    assert gaps(QueryOutcome.MALFORMED, 10) == expected


def test_an_answer_ends_the_waiting() -> None:
    asked, now = one_admitted(), 100.0
    for _ in range(6):
        assert asked.due(Steady(now))
        asked.done(ONE, QueryOutcome.TIMEOUT, Steady(now))
        now += 10_000.0
    assert asked.due(Steady(now))
    asked.done(ONE, QueryOutcome.ANSWERED, Steady(now))
    assert asked.due(Steady(now + 99.0)) is None
    assert asked.due(Steady(now + 100.0))


def test_without_a_clear_answer_the_same_is_asked_again() -> None:
    asked = one_admitted()
    assert asked.due(Steady(100.0)) == (ONE, Query.ENERGY)
    asked.done(ONE, QueryOutcome.AMBIGUOUS, Steady(100.0))
    assert asked.due(Steady(199.0)) is None
    assert asked.due(Steady(200.0)) == (ONE, Query.ENERGY)


def test_one_that_must_not_be_asked_just_now_waits_for_its_next_turn() -> None:
    asked = one_admitted()
    asked.due(Steady(62.0))
    asked.postpone(ONE, Steady(62.0))
    assert asked.due(Steady(161.0)) is None
    assert asked.due(Steady(162.0)) == (ONE, Query.ENERGY)


def test_one_that_is_gone_is_asked_no_more() -> None:
    asked = one_admitted()
    asked.due(Steady(62.0))
    asked.remove(ONE)
    assert asked.due(Steady(10_000.0)) is None
    assert len(asked) == 0


def test_jitter_only_makes_the_time_longer() -> None:
    asked = QuerySchedule(QueryConfig(every=60.0, jitter=0.1), random=lambda: 1.0)
    asked.admit(ONE, Steady(0.0))
    asked.due(Steady(100.0))
    asked.done(ONE, QueryOutcome.ANSWERED, Steady(100.0))
    assert asked.due(Steady(165.9)) is None
    assert asked.due(Steady(166.1)) is not None


def test_a_fleet_that_comes_at_once_is_spread_over_a_period() -> None:
    asked = plan()
    for number in range(1000):
        asked.admit(ChargerId(str(number)), Steady(0.0))
    busiest = 0
    for second in range(1, 101):
        count = 0
        while asked.due(Steady(float(second))):
            count += 1
        busiest = max(busiest, count)
    assert busiest <= 13


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 1000),
    outcomes=st.lists(st.sampled_from(QueryOutcome), min_size=1, max_size=30),
)
def test_however_it_goes_a_minute_lies_between_two_queries(
    seed: int, outcomes: list[QueryOutcome]
) -> None:
    asked = QuerySchedule(config_for(30.0), random=Random(seed).random)
    asked.admit(ONE, Steady(0.0))
    now, last = 0.0, -1000.0
    for outcome in outcomes:
        while asked.due(Steady(now)) is None:
            now += 0.5
            assert now - last <= 3961.0
        assert now - last >= 60.0
        last = now
        asked.done(ONE, outcome, Steady(now))


def test_a_broker_that_passes_nothing_on_is_tried_ever_less() -> None:
    backoff = QueryBackoff()
    assert backoff.limit(16, Steady(0.0)) == 16
    backoff.ended(False, Steady(0.0))
    assert backoff.limit(16, Steady(0.0)) == 1
    backoff.ended(False, Steady(0.0))
    assert backoff.limit(16, Steady(0.0)) == 1
    backoff.ended(False, Steady(0.0))
    assert (backoff.limit(16, Steady(59.0)), backoff.limit(16, Steady(60.0))) == (0, 1)
    now = 60.0
    backoff.ended(False, Steady(now))
    assert (backoff.limit(16, Steady(179.0)), backoff.limit(16, Steady(180.0))) == (0, 1)
    for _ in range(10):
        now += 10_000.0
        backoff.ended(False, Steady(now))
    assert (backoff.limit(16, Steady(now + 3599.0)), backoff.limit(16, Steady(now + 3600.0))) == (
        0,
        1,
    )


def test_many_that_one_lost_connection_took_are_one_reason_to_rest() -> None:
    backoff = QueryBackoff()
    for _ in range(16):
        backoff.ended(False, Steady(0.0))
    assert (backoff.limit(16, Steady(59.0)), backoff.limit(16, Steady(60.0))) == (0, 1)


def test_a_broker_that_passes_one_on_is_trusted_again() -> None:
    backoff = QueryBackoff()
    for _ in range(5):
        backoff.ended(False, Steady(0.0))
    backoff.ended(True, Steady(0.0))
    assert backoff.limit(16, Steady(0.0)) == 16
