"""Hosts that answer, but slowly, must not hold the slots of those that answer quickly."""

import pytest

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.outcome import PollOutcome
from bridge.core.polling.schedule import Mode, PollConfig, PollRequest
from tests.core.polling.test_schedule import Answer, Turned, fleet, gaps, well

HONEST = [ChargerId(f"honest{index}") for index in range(75)]
LIARS = fleet(500)
HOUR = 3600.0
PACE = PollConfig(concurrency=16)


def polls_of_the_honest(answer: Answer, *, moving: bool = False) -> float:
    """Polls of an honest charger in an hour beside five hundred liars, by those without them."""
    turned = Turned(PACE, lambda ask: well(ask) if ask.charger in honest else answer(ask))
    honest = set(HONEST)
    for charger in HONEST:
        turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
    turned.after(120)
    for charger in LIARS:
        turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
    began = turned.now
    while turned.now < began + HOUR:
        turned.after(60)
        for charger in LIARS if moving else ():
            turned.plan.address_changed(charger, Steady(turned.now))
    polled = [ask for ask in turned.asked if ask.charger in honest and ask.began >= began]
    return len(polled) / (len(HONEST) * HOUR / PACE.fallback_every)


def test_liars_that_answer_after_nine_seconds_do_not_starve_honest_polls() -> None:
    assert polls_of_the_honest(lambda ask: (9.0, PollOutcome.OK)) > 0.95


QUICK, SLOW, LOST = (0.1, PollOutcome.OK), (9.0, PollOutcome.OK), (10.0, PollOutcome.TIMEOUT)


@pytest.mark.parametrize(
    ("first", "second", "share"), [(SLOW, QUICK, 0.9), (QUICK, LOST, 0.8)],
    ids=["quick in between", "every other request times out"],
)  # fmt: skip
def test_liars_that_behave_in_turns_do_not_either(
    first: tuple[float, PollOutcome], second: tuple[float, PollOutcome], share: float
) -> None:
    asked: dict[ChargerId, int] = dict.fromkeys(LIARS, 0)

    def answer(ask: PollRequest) -> tuple[float, PollOutcome]:
        asked[ask.charger] += 1
        return first if asked[ask.charger] % 2 else second

    assert polls_of_the_honest(answer) > share


def test_liars_that_answer_at_one_address_and_hang_at_the_next_do_not_either() -> None:
    def answer(ask: PollRequest) -> tuple[float, PollOutcome]:
        return (0.1, PollOutcome.OK) if ask.began % 120 < 60 else (10.0, PollOutcome.TIMEOUT)

    assert polls_of_the_honest(answer, moving=True) > 0.9


def test_honest_chargers_that_are_slow_are_polled_at_the_configured_period() -> None:
    turned = Turned(PollConfig(), lambda ask: (3.0, PollOutcome.OK))
    for charger in fleet(500):
        turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
    turned.after(1200)
    for charger in fleet(500)[::25]:
        assert all(gap <= 32 for gap in gaps(turned.times(charger)[2:]))


def test_a_charger_that_was_slow_once_is_a_quick_one_again() -> None:
    turned = Turned(PollConfig(), lambda ask: (5.0, PollOutcome.OK))
    one = ChargerId("one")
    turned.plan.set_mode(one, Mode.FALLBACK, Steady(turned.now))
    turned.after(30)
    turned.answer = well
    turned.after(120)
    assert turned.asked[-1].lane.value == "proven"
