"""Which answers `run` believes, where nothing tells whose they are."""

import pytest

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.rapi.open_queries import OpenQueries, QueryOutcome, QueryResult
from bridge.core.rapi.query import Query

ONE, TWO = ChargerId("one"), ChargerId("two")
BASE = "charger/one"
ENERGY = b"$OK 36000 20127"


def say(
    queries: OpenQueries, key: str, payload: bytes = b"", at: float = 0.1, base: str = BASE
) -> QueryResult | None:
    return queries.observe(ONE, base, key, payload, Steady(at))


def asked(query: Query = Query.ENERGY, *, heard: bool = True) -> OpenQueries:
    """A query of ours at 0 s, which the broker passed on."""
    queries = OpenQueries()
    queries.sent(ONE, BASE, query, Steady(0.0))
    if heard:
        assert say(queries, f"rapi/in/{query.value}", at=0.0) is None
    return queries


def answered(query: Query, line: str) -> QueryResult:
    ending = say(asked(query), "rapi/out", line.encode())
    assert ending is not None
    return ending


@pytest.mark.parametrize(
    ("query", "line", "document"),
    [
        (Query.ENERGY, "$OK 36000 20127^23", {"wattsec": 36000, "watthour": 20127}),
        (Query.FAULTS, "$OK 1f 0 2", {"gfcicount": 31, "nogndcount": 0, "stuckcount": 2}),
        (Query.STATE, "$OK fe 90 03 0140", {"state": 254, "elapsed": 90}),
        (Query.STATE, "$OK 3 90", {"state": 3, "elapsed": 90}),
    ],
)
def test_an_answer_is_as_status_would_say_it(
    query: Query, line: str, document: dict[str, int]
) -> None:
    assert answered(query, line) == QueryResult(ONE, QueryOutcome.ANSWERED, True, document)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("$NK^21", QueryOutcome.REFUSED),
        ("$OK 36000 20127^00", QueryOutcome.MALFORMED),
        ("$OK 1 2 3", QueryOutcome.MALFORMED),
        ("", QueryOutcome.MALFORMED),
        ("\x00" * 5000, QueryOutcome.MALFORMED),
    ],
)
def test_what_is_no_answer_to_it_ends_the_query_without_values(
    line: str, outcome: QueryOutcome
) -> None:
    assert answered(Query.ENERGY, line) == QueryResult(ONE, outcome, True, {})


def test_an_answer_is_taken_once() -> None:
    queries = asked()
    assert say(queries, "rapi/out", ENERGY) is not None
    assert say(queries, "rapi/out", ENERGY) is None
    assert len(queries) == 0


def test_an_answer_before_our_query_was_passed_on_is_somebody_elses() -> None:
    queries = asked(heard=False)
    assert say(queries, "rapi/out", ENERGY) is None
    assert len(queries) == 1


def test_an_answer_that_nobody_asked_for_is_nothing() -> None:
    assert say(OpenQueries(), "rapi/out", ENERGY) is None


@pytest.mark.parametrize("key", ["rapi/in/$SC", "rapi/in/$GU", "rapi/in/x/$GU", "rapi/in"])
def test_whoever_else_asks_meanwhile_makes_the_answer_ambiguous(key: str) -> None:
    queries = asked()
    assert say(queries, key) == QueryResult(ONE, QueryOutcome.AMBIGUOUS, True)
    assert say(queries, "rapi/out", ENERGY) is None


def test_somebody_who_asks_before_our_query_is_passed_on_makes_it_ambiguous() -> None:
    queries = asked(heard=False)
    assert say(queries, "rapi/in/$GF") == QueryResult(ONE, QueryOutcome.AMBIGUOUS, False)


def test_our_query_with_an_argument_is_somebody_elses() -> None:
    queries = asked(heard=False)
    assert say(queries, "rapi/in/$GU", b"1") == QueryResult(ONE, QueryOutcome.AMBIGUOUS, False)


def test_an_answer_below_another_base_is_not_the_chargers() -> None:
    queries = asked()
    assert say(queries, "rapi/out", ENERGY, base="charger/old") is None
    assert len(queries) == 1


def test_what_is_neither_query_nor_answer_is_passed_over() -> None:
    queries = asked()
    assert say(queries, "rapi/inside") is None
    assert say(queries, "rapi/out/more", ENERGY) is None
    assert say(queries, "rapi/out", ENERGY) is not None


def test_what_is_asked_of_one_charger_disturbs_no_other() -> None:
    queries = asked()
    assert queries.observe(TWO, "charger/two", "rapi/in/$GS", b"", Steady(0.1)) is None
    assert say(queries, "rapi/out", ENERGY) is not None


def test_a_charger_is_quiet_once_nobody_waits_for_its_answer() -> None:
    queries = OpenQueries()
    assert queries.quiet(ONE, Steady(0.0))
    say(queries, "rapi/in/$GS", at=0.0)
    assert not queries.quiet(ONE, Steady(3.0))
    assert queries.quiet(ONE, Steady(3.1))


def test_our_own_query_does_not_disturb() -> None:
    assert asked().quiet(ONE, Steady(0.1))


def test_a_query_without_an_answer_ends_after_three_seconds() -> None:
    queries = asked()
    assert queries.expired(Steady(3.0)) == []
    assert queries.expired(Steady(3.1)) == [QueryResult(ONE, QueryOutcome.TIMEOUT, True)]
    assert say(queries, "rapi/out", ENERGY, at=3.2) is None


def test_a_query_that_the_broker_did_not_pass_on_is_told_apart() -> None:
    assert asked(heard=False).expired(Steady(3.1)) == [
        QueryResult(ONE, QueryOutcome.TIMEOUT, False)
    ]


def test_who_asked_long_ago_is_not_remembered() -> None:
    queries = OpenQueries()
    for number in range(1000):
        queries.observe(ChargerId(str(number)), BASE, "rapi/in/$GS", b"", Steady(0.0))
    queries.observe(ONE, BASE, "rapi/in/$GS", b"", Steady(5.0))
    queries.expired(Steady(5.0))
    assert list(queries._others) == [ONE]
