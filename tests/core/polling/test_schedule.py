"""Whom the plan asks when, on a clock that the test turns."""

import heapq
import itertools
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.lanes import Lane
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.schedule import Mode, PollConfig, PollRequest
from tests.kit.polling import Plan

ONE = ChargerId("one")
Answer = Callable[[PollRequest], tuple[float, PollOutcome]]


def well(ask: PollRequest) -> tuple[float, PollOutcome]:
    return 0.2, PollOutcome.OK


def dark(ask: PollRequest) -> tuple[float, PollOutcome]:
    return 10.0, PollOutcome.TIMEOUT


class Turned:
    """Plays a plan: asks go out when due, answers come when the test says."""

    def __init__(self, pace: PollConfig, answer: Answer = well, seed: int = 1) -> None:
        whole = Plan(pace, random=Random(seed).random)
        self.plan, self.queues, self.heard = whole.schedule, whole.queues, whole.heard
        self.answer = answer
        self.now = 1000.0
        self.asked: list[PollRequest] = []
        self.most = dict.fromkeys(Lane, 0)
        self.most_unproven = 0
        self._busy = dict.fromkeys(Lane, 0)
        self._ends: list[tuple[float, int, PollRequest, PollOutcome]] = []
        self._number = itertools.count()

    def until(self, end: float) -> None:
        while True:
            for ask in self.plan.due(Steady(self.now)):
                seconds, outcome = self.answer(ask)
                self.asked.append(ask)
                self._busy[ask.lane] += 1
                entry = (self.now + seconds, next(self._number), ask, outcome)
                heapq.heappush(self._ends, entry)
            self._measure()
            ends = self._ends[0][0] if self._ends else float("inf")
            due = self.plan.next_due()
            soonest = min(ends, float("inf") if due is None else due)
            if soonest > end:
                self.now = end
                return
            self.now = max(self.now, soonest)
            while self._ends and self._ends[0][0] <= self.now:
                _, _, ask, outcome = heapq.heappop(self._ends)
                self._busy[ask.lane] -= 1
                self.plan.done(ask, outcome, Steady(self.now))

    def after(self, seconds: float) -> None:
        self.until(self.now + seconds)

    def times(self, charger: ChargerId = ONE, page: Page | None = None) -> list[float]:
        return [a.began for a in self.asked if a.charger == charger and page in (None, a.page)]

    def _measure(self) -> None:
        busy = self._busy
        for lane, count in busy.items():
            self.most[lane] = max(self.most[lane], count)
        self.most_unproven = max(self.most_unproven, busy[Lane.NEW] + busy[Lane.DARK])


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def fleet(count: int) -> list[ChargerId]:
    return [ChargerId(f"c{index}") for index in range(count)]


def test_a_charger_in_fallback_is_asked_within_twenty_seconds_then_every_thirty() -> None:
    turned = Turned(PollConfig())
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.after(600)
    times = turned.times()
    assert times[0] <= 1020
    assert all(15 <= gap <= 31.5 for gap in gaps(times))
    assert len(times) >= 19


def test_a_charger_whose_mqtt_is_fine_is_asked_every_five_minutes() -> None:
    turned = Turned(PollConfig())
    turned.plan.set_mode(ONE, Mode.ENRICH, Steady(turned.now))
    turned.after(6000)
    assert all(285 <= gap <= 315 for gap in gaps(turned.times()))
    assert len(turned.times()) in {19, 20}


def test_a_charger_that_is_off_is_not_asked() -> None:
    turned = Turned(PollConfig())
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.after(40)
    before = len(turned.asked)
    turned.plan.set_mode(ONE, Mode.OFF, Steady(turned.now))
    turned.plan.poll_soon(ONE, Steady(turned.now))
    turned.plan.request_page(ONE, Page.CONFIG)
    turned.after(600)
    assert len(turned.asked) == before
    assert turned.plan.next_due() is None


def test_soon_is_fifteen_to_twenty_seconds_and_happens_once() -> None:
    turned = Turned(PollConfig(enrich_every=100_000))
    turned.plan.set_mode(ONE, Mode.ENRICH, Steady(turned.now))
    for _ in range(10):
        turned.plan.poll_soon(ONE, Steady(turned.now))
        turned.after(1)
    turned.after(100)
    assert [15 <= time - 1000 <= 20 for time in turned.times()] == [True]


@pytest.mark.parametrize("mode", [Mode.ENRICH, Mode.FALLBACK])
def test_a_new_charger_is_not_asked_twice_for_entering_its_mode_twice(mode: Mode) -> None:
    turned = Turned(PollConfig())
    for _ in range(100):
        turned.plan.set_mode(ONE, mode, Steady(turned.now))
        turned.after(0.1)
    turned.after(10)
    assert len(turned.asked) <= 1


def test_a_host_that_does_not_answer_is_asked_ever_more_seldom_up_to_fifteen_minutes() -> None:
    turned = Turned(PollConfig(), dark)
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.after(20_000)
    waits = [gap - 10 for gap in gaps(turned.times())]
    assert all(
        0.75 * most <= wait <= most + 31
        for wait, most in zip(waits, [30, 60, 120, 240, 480, 900, 900, 900], strict=False)
    )
    assert max(waits) <= 932
    assert len(waits) >= 20


def test_an_answer_ends_the_back_off() -> None:
    turned = Turned(PollConfig(), dark)
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.after(5000)
    turned.answer = well
    turned.plan.poll_soon(ONE, Steady(turned.now))
    turned.after(200)
    recent = [time for time in turned.times() if time > 6000]
    assert 6015 <= recent[0] <= 6020
    assert all(15 <= gap <= 32 for gap in gaps(recent))


def test_a_refused_login_is_tried_once_in_ten_minutes_until_it_changes() -> None:
    turned = Turned(PollConfig(), lambda ask: (0.1, PollOutcome.UNAUTHORIZED))
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.after(3000)
    assert all(gap >= 600 for gap in gaps(turned.times()))
    assert len(turned.times()) >= 4
    turned.answer = well
    turned.plan.credentials_changed(Steady(turned.now))
    turned.after(60)
    assert 4000 <= next(time for time in turned.times() if time > 4000) <= 4020
    assert len([time for time in turned.times() if time > 4000]) >= 2


def test_an_address_that_was_forbidden_is_tried_once_the_credentials_file_allows_it() -> None:
    turned = Turned(PollConfig(), lambda ask: (0.0, PollOutcome.FORBIDDEN))
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.after(3000)
    turned.answer = well
    turned.plan.credentials_changed(Steady(turned.now))
    turned.after(20)
    assert turned.times()[-1] >= 4000


def test_signs_of_life_do_not_hurry_a_refused_login() -> None:
    turned = Turned(PollConfig(), lambda ask: (0.1, PollOutcome.UNAUTHORIZED))
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    for _ in range(60):
        turned.after(10)
        turned.plan.poll_soon(ONE, Steady(turned.now))
        turned.plan.set_mode(ONE, Mode.ENRICH, Steady(turned.now))
        turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    assert len(turned.times()) <= 2


def test_what_an_old_address_answers_is_not_held_against_the_new_one() -> None:
    turned = Turned(PollConfig(), lambda _: (8.0, PollOutcome.UNAUTHORIZED))
    turned.plan.set_mode(ONE, Mode.ENRICH, Steady(turned.now))
    turned.until(turned.plan.next_due() or 0.0)
    turned.after(1)
    turned.plan.address_changed(ONE, Steady(turned.now))
    moved_at = turned.now
    turned.after(60)
    assert [15 <= began - moved_at <= 30 for began in turned.times()] == [False, True]


def test_other_pages_follow_once_the_charger_answered() -> None:
    turned = Turned(PollConfig())
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.plan.request_page(ONE, Page.CONFIG)
    turned.plan.request_page(ONE, Page.CRASHLOG)
    turned.after(300)
    assert turned.asked[0].page is Page.STATUS
    assert len(turned.times(ONE, Page.CONFIG)) == 1
    assert len(turned.times(ONE, Page.CRASHLOG)) == 1
    assert turned.times(ONE, Page.CRASHLOG)[0] <= 1120
    assert all(gap >= 15 for gap in gaps(turned.times()))


def test_a_page_that_is_missing_is_not_asked_for_again_and_is_no_failure() -> None:
    def old_firmware(ask: PollRequest) -> tuple[float, PollOutcome]:
        return 0.1, PollOutcome.OK if ask.page is Page.STATUS else PollOutcome.NOT_FOUND

    turned = Turned(PollConfig(), old_firmware)
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.plan.request_page(ONE, Page.CRASHLOG)
    turned.after(600)
    assert len(turned.times(ONE, Page.CRASHLOG)) == 1
    assert len(turned.times(ONE, Page.STATUS)) >= 18


def test_a_page_that_never_comes_is_given_up() -> None:
    def hanging(ask: PollRequest) -> tuple[float, PollOutcome]:
        return (0.1, PollOutcome.OK) if ask.page is Page.STATUS else (10.0, PollOutcome.TIMEOUT)

    turned = Turned(PollConfig(), hanging)
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.plan.request_page(ONE, Page.CONFIG)
    turned.after(2000)
    assert len(turned.times(ONE, Page.CONFIG)) == 3


@pytest.mark.parametrize(("mode", "first"), [(Mode.FALLBACK, 20.0), (Mode.ENRICH, 300.0)])
def test_ten_thousand_that_enter_in_one_second_do_not_burst(mode: Mode, first: float) -> None:
    turned = Turned(PollConfig(concurrency=2000))
    for charger in fleet(10_000):
        turned.plan.set_mode(charger, mode, Steady(turned.now))
    turned.after(first + 2)
    per_second = [0] * 400
    for ask in turned.asked:
        per_second[int(ask.began - 1000)] += 1
    assert len(turned.asked) >= 10_000
    assert max(per_second[: int(first)]) <= 10_000 / first * 1.02 + 5


def test_a_fleet_in_fallback_is_spread_over_the_whole_period() -> None:
    turned = Turned(PollConfig(concurrency=2000))
    for charger in fleet(3000):
        turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
    turned.after(300)
    per_second = [0] * 301
    for ask in turned.asked:
        per_second[int(ask.began - 1000)] += 1
    steady = per_second[60:290]
    assert max(steady) <= 130
    assert min(steady) >= 70


def test_ten_thousand_dark_hosts_do_not_delay_one_that_answers() -> None:
    turned = Turned(PollConfig(), lambda ask: well(ask) if ask.charger == ONE else dark(ask))
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.after(30)
    for charger in fleet(10_000):
        turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
    turned.after(4000)
    assert all(gap <= 31.5 for gap in gaps(turned.times()))
    assert turned.most[Lane.DARK] <= 64
    assert turned.most_unproven <= 192
    assert turned.plan.stretch == 1.0
    assert len({ask.charger for ask in turned.asked}) == 10_001


def test_periods_stretch_when_there_are_more_chargers_than_time() -> None:
    turned = Turned(PollConfig(concurrency=8), lambda ask: (1.0, PollOutcome.OK))
    for charger in fleet(600):
        turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
    turned.after(3000)
    assert 3.5 <= turned.plan.stretch <= 4.0
    late = [gap for charger in fleet(600)[::50] for gap in gaps(turned.times(charger)[-10:])]
    assert all(100 <= gap <= 140 for gap in late)
    assert turned.plan.period(fleet(600)[0]) == 30 * turned.plan.stretch


def test_the_period_is_that_of_the_mode() -> None:
    turned = Turned(PollConfig(enrich_every=300, fallback_every=1000))
    one, now = ChargerId("one"), Steady(turned.now)
    assert turned.plan.period(one) is None
    for mode, period in ((Mode.ENRICH, 300), (Mode.FALLBACK, 1000), (Mode.OFF, None)):
        turned.plan.set_mode(one, mode, now)
        assert turned.plan.period(one) == period


def test_periods_do_not_stretch_without_need() -> None:
    turned = Turned(PollConfig(fallback_every=60))
    for charger in fleet(10_000):
        turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
    turned.after(200)
    assert turned.plan.stretch == 1.0
    times: dict[ChargerId, list[float]] = {charger: [] for charger in fleet(10_000)}
    for ask in turned.asked:
        times[ask.charger].append(ask.began)
    assert all(gap <= 72 for each in times.values() for gap in gaps(each))


def test_memory_does_not_grow_with_what_was_planned() -> None:
    turned = Turned(PollConfig())
    for _ in range(2000):
        for charger in fleet(5):
            turned.plan.set_mode(charger, Mode.FALLBACK, Steady(turned.now))
            turned.plan.poll_soon(charger, Steady(turned.now))
            turned.plan.set_mode(charger, Mode.ENRICH, Steady(turned.now))
            turned.plan.remove(charger)
    assert len(turned.plan) == 0
    assert turned.plan._lanes.size <= 200


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["off", "enrich", "fallback", "soon", "want", "moved", "remove", "keys"]),
        st.integers(0, 4),
        st.floats(0, 40),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(MOVES, st.integers(0, 2**32), st.integers(1, 4))
def test_manners_hold_whatever_happens(
    moves: list[tuple[str, int, float]], seed: int, slots: int
) -> None:
    rng = Random(seed)
    turned = Turned(
        PollConfig(concurrency=slots),
        lambda ask: (rng.uniform(0, 10), rng.choice(list(PollOutcome))),
        seed,
    )
    plan, removed = turned.plan, set()
    for move, index, wait in moves:
        charger = ChargerId(f"c{index}")
        match move:
            case "soon":
                plan.poll_soon(charger, Steady(turned.now))
            case "want":
                plan.request_page(charger, Page.CONFIG)
            case "moved":
                plan.address_changed(charger, Steady(turned.now))
            case "keys":
                plan.credentials_changed(Steady(turned.now))
            case "remove":
                plan.remove(charger)
                removed.add(charger)
            case _:
                plan.set_mode(charger, Mode(move), Steady(turned.now))
        turned.after(wait)
        assert plan.in_flight <= slots
        assert plan.stretch >= 1.0
    for charger in {ask.charger for ask in turned.asked} - removed:
        assert all(gap >= 15 for gap in gaps(turned.times(charger)))
