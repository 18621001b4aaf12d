"""A change of cars that nobody heard: each session keeps its own time, energy and peaks."""

import pytest

from bridge.core.model import Session
from bridge.core.polling.outcome import PollOutcome
from tests.kit.core import Bench, restarted
from tests.kit.desk import Desk


@pytest.fixture
def desk() -> Desk:
    bench = Bench()
    bench.announce()
    return Desk(bench)


def poll(desk: Desk, then: float = 30, **changed: object) -> None:
    desk.answer(PollOutcome.OK, **changed)
    desk.wait(then)


def first_car(desk: Desk) -> None:
    """Takes 100 Wh at 10 A within a minute, then stays plugged in without current."""
    poll(desk, state=1, watthour=1000, wattsec=0, elapsed=0, amp=0)
    poll(desk, state=3, watthour=1000, wattsec=0, elapsed=1, amp=10)
    poll(desk, state=3, watthour=1050, wattsec=180_000, elapsed=30, amp=10)
    poll(desk, state=3, watthour=1100, wattsec=360_000, elapsed=60, amp=10)


def end_of_first_car(desk: Desk) -> None:
    """Of ten minutes, the bridge hears the last one, in which it takes 100 Wh."""
    poll(desk, state=3, watthour=1000, wattsec=1_800_000, elapsed=540, amp=10)
    poll(desk, state=3, watthour=1050, wattsec=1_980_000, elapsed=570, amp=10)
    poll(desk, state=3, watthour=1100, wattsec=2_160_000, elapsed=600, amp=10)


def second_car(desk: Desk) -> None:
    """Takes 135 Wh at 16 A, and is heard from the first half minute on."""
    poll(desk, state=3, watthour=1135, wattsec=126_000, elapsed=30, amp=16)
    poll(desk, state=3, watthour=1185, wattsec=306_000, elapsed=60, amp=16)
    poll(desk, state=3, watthour=1235, wattsec=486_000, elapsed=90, amp=16)
    poll(desk, then=90, state=1, watthour=1235, wattsec=486_000, elapsed=90, amp=0)


def check_both(sessions: list[Session]) -> None:
    first, second = sessions
    assert (first.energy_wh, second.energy_wh) == (100.0, 135.0)
    assert first.charging_s == pytest.approx(60, abs=2)
    assert first.plugged_s == pytest.approx(60, abs=2)
    assert second.charging_s == pytest.approx(120, abs=2)
    assert (first.peak_a, second.peak_a) == (10.0, 16.0)
    assert second.start >= first.end
    assert (first.doubtful, second.doubtful) == (False, False)


@pytest.mark.parametrize("state", [3, 254, 2])
def test_a_change_in_a_pause_that_was_heard(desk: Desk, state: int) -> None:
    first_car(desk)
    for _ in range(22):
        poll(desk, state=state, watthour=1100, wattsec=360_000, elapsed=60, amp=0)
    second_car(desk)
    check_both(desk.bench.out.sessions)


def test_a_change_in_a_silence(desk: Desk) -> None:
    first_car(desk)
    desk.wait(700)
    second_car(desk)
    check_both(desk.bench.out.sessions)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_change_while_the_bridge_is_down(desk: Desk, trusted: bool) -> None:
    first_car(desk)
    bench = restarted(desk.bench, after=700, trusted=trusted)
    bench.announce()
    again = Desk(bench)
    second_car(again)
    check_both(again.bench.out.sessions)


def test_the_second_cars_current_comes_by_mqtt_before_its_time_by_a_poll(desk: Desk) -> None:
    end_of_first_car(desk)
    desk.wait(700)
    for wh in ("1135", "1185"):
        desk.speak(30, state="3", wh=wh, amp1="16")
    poll(desk, then=15, wattsec=330_000, elapsed=70)
    desk.speak(30, state="3", wh="1220", amp1="16")
    desk.speak(20, state="1", wh="1235", amp1="0")
    desk.speak(20, state="1", wh="1235", amp1="0")
    first, second = desk.bench.out.sessions
    assert first.energy_wh + second.energy_wh == 235.0
    assert first.energy_wh == pytest.approx(100, abs=7)
    assert (first.peak_a, second.peak_a) == (10.0, 16.0)
    assert first.charging_s == pytest.approx(60, abs=2)
    assert second.charging_s <= second.plugged_s


def test_a_restart_between_the_gap_and_the_time_that_reveals_it(desk: Desk) -> None:
    end_of_first_car(desk)
    desk.wait(700)
    desk.speak(30, state="3", wh="1135", amp1="16")
    bench = restarted(desk.bench, after=5)
    bench.announce()
    again = Desk(bench)
    again.wait(80)
    poll(again, state=3, watthour=1235, wattsec=486_000, elapsed=90, amp=11)
    poll(again, then=90, state=1, watthour=1235, wattsec=486_000, elapsed=90, amp=0)
    first, second = again.bench.out.sessions
    assert (first.energy_wh, second.energy_wh) == (100.0, 135.0)
    assert (first.peak_a, second.peak_a) == (10.0, 16.0)


def test_the_same_car_that_pauses_for_long_keeps_its_peak_and_its_time(desk: Desk) -> None:
    first_car(desk)
    desk.wait(700)
    poll(desk, state=3, watthour=1135, wattsec=486_000, elapsed=90, amp=7)
    poll(desk, then=90, state=1, watthour=1135, wattsec=486_000, elapsed=90, amp=0)
    (session,) = desk.bench.out.sessions
    assert (session.energy_wh, session.peak_a) == (135.0, 10.0)
    assert session.plugged_s == pytest.approx(820, abs=3)


def test_a_session_meter_that_lags_less_than_the_total_adds_nothing(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, wattsec=0, amp=0)
    poll(desk, state=3, watthour=1000, wattsec=0, amp=10)
    poll(desk, state=3, watthour=1100, wattsec=362_000, amp=10)
    poll(desk, then=90, state=1, watthour=1100, wattsec=362_000, amp=0)
    assert [one.energy_wh for one in desk.bench.out.sessions] == [100.0]


def test_what_a_meter_counted_ahead_is_owed_by_the_next_session_however_late(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, wattsec=0, amp=0)
    for wattsec in (0, 360_000, 720_000):
        poll(desk, state=3, watthour=1000, wattsec=wattsec, amp=10)
    poll(desk, then=90, state=1, watthour=1000, wattsec=720_000, amp=0)
    bench = restarted(desk.bench, after=600)
    bench.announce()
    again = Desk(bench)
    poll(again, state=3, watthour=1000, wattsec=0, amp=10)
    poll(again, state=3, watthour=1200, wattsec=180_000, amp=10)
    poll(again, then=90, state=1, watthour=1300, wattsec=360_000, amp=0)
    energies = [one.energy_wh for one in (*desk.bench.out.sessions, *again.bench.out.sessions)]
    assert energies == [200.0, 100.0]
