"""Many chargers at one address: one request at a time, and the first to answer goes first."""

import time
from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.outcome import PollOutcome
from bridge.core.polling.request_gate import WebServer
from bridge.core.polling.schedule import Mode, PollConfig, PollRequest
from tests.core.polling.test_schedule import Turned, fleet, gaps, well

ONE = ChargerId("one")
THERE, ELSEWHERE = WebServer("10.0.0.5 80"), WebServer("10.0.0.6 80")


def join(turned: Turned, charger: ChargerId, server: WebServer = THERE) -> None:
    turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
    turned.plan.address_changed(charger, Steady(turned.now), server)


def test_two_thousand_that_announce_one_address_are_polled_one_after_the_other() -> None:
    turned = Turned(PollConfig())
    for charger in fleet(2000):
        join(turned, charger)
    turned.after(1800)
    times = [ask.began for ask in turned.asked]
    assert all(gap >= 15 for gap in gaps(times))
    assert len(times) >= 100
    assert max(Counter(ask.charger for ask in turned.asked).values()) == 1


def test_the_charger_that_first_answered_there_goes_first() -> None:
    turned = Turned(PollConfig())
    join(turned, ONE)
    turned.after(60)
    turned.queues.answered(ONE, 1.8e9)
    for charger in fleet(2000):
        join(turned, charger)
    turned.after(1800)
    assert all(gap <= 30 + 16 for gap in gaps(turned.times()))
    assert turned.queues.first(ChargerId("c7")) == ONE


def test_who_answered_there_in_an_earlier_run_goes_before_who_answers_sooner_now() -> None:
    turned = Turned(PollConfig())
    join(turned, ONE)
    join(turned, ChargerId("thief"))
    turned.queues.answered(ChargerId("thief"), 1.8e9)
    turned.queues.answered(ONE, 1.7e9)
    assert turned.queues.first(ChargerId("thief")) == ONE


def test_who_was_heard_waits_before_those_that_never_were() -> None:
    turned = Turned(PollConfig())
    for charger in fleet(2000):
        join(turned, charger)
    turned.after(60)
    turned.heard.add(ONE)
    join(turned, ONE)
    turned.after(120)
    assert turned.times()


def test_the_first_one_that_leaves_makes_room_for_the_next() -> None:
    turned = Turned(PollConfig())
    join(turned, ONE)
    join(turned, ChargerId("next"))
    turned.queues.answered(ONE, 1.7e9)
    turned.plan.address_changed(ONE, Steady(turned.now), ELSEWHERE)
    assert turned.queues.first(ChargerId("next")) is None
    turned.queues.answered(ChargerId("next"), 1.8e9)
    assert turned.queues.first(ChargerId("next")) == "next"


def test_chargers_that_may_not_be_polled_do_not_use_up_the_turns_of_the_others() -> None:
    def answer(ask: PollRequest) -> tuple[float, PollOutcome]:
        return well(ask) if ask.charger == ONE else (0.0, PollOutcome.UNTRUSTED)

    turned = Turned(PollConfig(), answer)
    join(turned, ONE)
    for charger in fleet(2000):
        join(turned, charger)
    turned.after(1200)
    assert all(gap <= 31.5 for gap in gaps(turned.times()))


def test_a_name_that_leads_to_a_busy_address_waits_there() -> None:
    turned = Turned(PollConfig())
    join(turned, ONE, WebServer("charger.example 80"))
    now = Steady(turned.now + 30)
    (ask,) = turned.plan.due(now)
    turned.plan.done(ask, PollOutcome.BUSY, now, THERE)
    assert turned.queues.server(ONE) == THERE
    assert turned.plan.next_due() == now + 15


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["there", "elsewhere", "off", "fallback", "soon", "remove", "answers"]),
        st.integers(0, 4),
        st.floats(0, 40),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(MOVES, st.integers(0, 2**32), st.integers(1, 4))
def test_manners_hold_at_each_address_and_nobody_is_left_waiting(
    moves: list[tuple[str, int, float]], seed: int, slots: int
) -> None:
    rng = Random(seed)
    ends: list[tuple[PollRequest, float, PollOutcome]] = []

    def answer(ask: PollRequest) -> tuple[float, PollOutcome]:
        seconds, outcome = rng.uniform(0, 10), rng.choice(list(PollOutcome))
        ends.append((ask, ask.began + seconds, outcome))
        return seconds, outcome

    turned = Turned(PollConfig(concurrency=slots), answer, seed)
    polled = set()
    for move, index, wait in moves:
        charger = ChargerId(f"c{index}")
        match move:
            case "there" | "elsewhere":
                join(turned, charger, THERE if move == "there" else ELSEWHERE)
                polled.add(charger)
            case "off":
                turned.plan.set_mode(charger, Mode.OFF, Steady(turned.now))
                polled.discard(charger)
            case "fallback":
                turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
                polled.add(charger)
            case "soon":
                turned.plan.poll_soon(charger, Steady(turned.now))
            case "remove":
                turned.plan.remove(charger)
                polled.discard(charger)
            case _:
                turned.queues.answered(charger, turned.now)
        turned.after(wait)
    calm, turned.answer = turned.now, well
    turned.after(4000)
    for server in (THERE, ELSEWHERE):
        here = [(ask.began, end, outcome) for ask, end, outcome in ends if ask.server == server]
        for (_, end, outcome), (began, _, _) in pairwise(here):
            assert began >= end + (15 if outcome.sent else 0) - 1e-6
    assert {ask.charger for ask in turned.asked if ask.began >= calm} == polled


def test_a_hundred_thousand_at_one_address_take_no_long_turn() -> None:
    turned = Turned(PollConfig())
    for charger in fleet(100_000):
        join(turned, charger)
    turned.after(30)
    longest, now = 0.0, Steady(turned.now)
    for _ in range(200):
        now = Steady(now + 1)
        began = time.process_time()
        for ask in turned.plan.due(now):
            turned.plan.done(ask, PollOutcome.OK, now)
        longest = max(longest, time.process_time() - began)
    assert longest < 0.05
