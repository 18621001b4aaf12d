"""Whose answer it is that comes on a topic where nothing tells it."""

from bridge.core.clock import Steady
from bridge.core.rapi.match import PATIENCE_SECONDS, Exchange
from bridge.core.rapi.query import Query

STATE = "$OK 03 90 03 0100"
FAULTS = "$OK 1 0 0"
ENERGY = "$OK 36000 20127"


def asked(query: Query, *others: str) -> Exchange:
    """A query of ours at 0 s, others' beside it."""
    exchange = Exchange(query)
    exchange.observe_query(query.value, Steady(0.0))
    for other in others:
        exchange.observe_query(other, Steady(0.0))
    return exchange


def test_the_answer_to_the_only_query_is_ours() -> None:
    reply = asked(Query.STATE).observe_reply(STATE, Steady(0.1))
    assert reply is not None
    assert reply.line == STATE


def test_an_answer_before_our_query_is_not_ours() -> None:
    exchange = Exchange(Query.STATE)
    assert exchange.observe_reply(STATE, Steady(0.0)) is None
    assert exchange.unsolicited == 1


def test_an_answer_of_another_form_is_passed_over() -> None:
    exchange = asked(Query.STATE)
    assert exchange.observe_reply(FAULTS, Steady(0.1)) is None
    assert exchange.observe_reply(STATE, Steady(0.2)) is not None


def test_anothers_query_with_another_form_does_not_confuse() -> None:
    exchange = asked(Query.STATE, "$GF")
    assert exchange.observe_reply(FAULTS, Steady(0.1)) is None
    assert not exchange.doubtful
    assert exchange.observe_reply(STATE, Steady(0.2)) is not None


def test_anothers_query_with_the_same_form_leaves_a_doubt() -> None:
    exchange = asked(Query.ENERGY, "$GA")
    assert exchange.observe_reply(ENERGY, Steady(0.1)) is None
    assert exchange.doubtful


def test_a_command_of_anothers_leaves_a_doubt() -> None:
    exchange = asked(Query.ENERGY, "$SC")
    assert exchange.observe_reply(ENERGY, Steady(0.1)) is None
    assert exchange.doubtful


def test_who_asks_the_same_is_answered_the_same() -> None:
    assert asked(Query.ENERGY, "$GU").observe_reply(ENERGY, Steady(0.1)) is not None


def test_a_refusal_is_ours_when_nobody_else_asks() -> None:
    reply = asked(Query.TIMER).observe_reply("$NK^21", Steady(0.1))
    assert reply is not None
    assert reply.words is None


def test_a_refusal_may_be_for_anybody_who_asks() -> None:
    exchange = asked(Query.TIMER, "$GF")
    assert exchange.observe_reply("$NK^21", Steady(0.1)) is None
    assert exchange.doubtful


def test_a_spoiled_line_is_nobodys() -> None:
    exchange = asked(Query.STATE)
    assert exchange.observe_reply(STATE + "^00", Steady(0.1)) is None
    assert exchange.observe_reply(STATE, Steady(0.2)) is not None


def test_anothers_old_query_is_not_answered_any_more() -> None:
    exchange = Exchange(Query.ENERGY)
    exchange.observe_query("$GA", Steady(0.0))
    exchange.observe_query("$GU", Steady(PATIENCE_SECONDS + 1))
    assert exchange.observe_reply(ENERGY, Steady(PATIENCE_SECONDS + 1.1)) is not None


def test_it_is_quiet_once_nobody_waits_for_an_answer() -> None:
    exchange = asked(Query.ENERGY)
    assert not exchange.quiet(Steady(PATIENCE_SECONDS))
    assert exchange.quiet(Steady(PATIENCE_SECONDS + 0.1))
