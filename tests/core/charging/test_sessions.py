"""Sessions where the total alone does not tell: the charger's own meter and time, and polls."""

import pytest

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


def energies(desk: Desk) -> list[float]:
    return [session.energy_wh for session in desk.bench.out.sessions]


def test_a_controller_that_raises_its_total_only_at_the_end_gives_the_same_energy(
    desk: Desk,
) -> None:
    poll(desk, state=1, watthour=1000, wattsec=0)
    for wattsec in (0, 360_000, 720_000):
        poll(desk, state=3, watthour=1000, wattsec=wattsec)
    poll(desk, state=1, watthour=1200, wattsec=720_000)
    poll(desk, state=1, watthour=1200, wattsec=720_000)
    assert energies(desk) == [200.0]


def test_a_total_that_lags_behind_gives_way_to_the_sessions_own_meter(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, wattsec=0)
    for wattsec in (0, 360_000, 720_000):
        poll(desk, state=3, watthour=1000, wattsec=wattsec)
    poll(desk, then=90, state=1, watthour=1000, wattsec=756_000)
    assert energies(desk) == [210.0]
    assert desk.metric("energy_joules_total") == 1000 * 3600


def test_the_last_sessions_meter_is_not_this_ones(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, wattsec=9_000_000)
    poll(desk, then=16, state=3, watthour=1000, wattsec=9_000_000)
    poll(desk, state=3, watthour=1005, wattsec=18_000)
    poll(desk, then=90, state=1, watthour=1010, wattsec=36_000)
    assert energies(desk) == [10.0]


def test_what_a_lagging_total_still_owes_is_not_the_next_cars_energy_too(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, wattsec=0)
    for wattsec in (0, 360_000, 720_000):
        poll(desk, state=3, watthour=1000, wattsec=wattsec)
    # The next car comes before the total has risen by what the first one took.
    poll(desk, then=5, state=1, watthour=1000, wattsec=720_000)
    poll(desk, then=20, state=3, watthour=1000, wattsec=0)
    poll(desk, state=3, watthour=1200, wattsec=180_000)
    poll(desk, then=90, state=1, watthour=1300, wattsec=360_000)
    assert energies(desk) == [200.0, 100.0]


def test_a_meter_beyond_all_that_a_charger_can_give_is_not_believed(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, wattsec=0)
    poll(desk, state=3, watthour=1000, wattsec=0)
    poll(desk, state=3, watthour=1100, wattsec=2_147_483_647)
    poll(desk, then=90, state=1, watthour=1100, wattsec=2_147_483_647)
    assert energies(desk) == [100.0]


def test_a_session_that_began_before_the_bridge_has_the_energy_that_was_seen(desk: Desk) -> None:
    poll(desk, state=3, watthour=5000, wattsec=3_600_000)
    poll(desk, state=3, watthour=5100, wattsec=3_960_000)
    poll(desk, then=90, state=1, watthour=5150, wattsec=4_140_000)
    assert energies(desk) == [150.0]


def test_a_session_goes_on_from_mqtt_to_polls_and_back(desk: Desk) -> None:
    desk.speak(state="1", wh="1000")
    desk.speak(then := 30, state="3", wh="1000")
    desk.wait(80)
    poll(desk, state=3, watthour=1100, wattsec=360_000)
    poll(desk, state=3, watthour=1150, wattsec=540_000)
    desk.speak(then, state="3", wh="1200")
    desk.speak(20, state="1", wh="1250")
    desk.speak(then, state="1", wh="1250")
    assert energies(desk) == [250.0]


def test_a_new_time_after_ten_minutes_without_current_is_another_session(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, wattsec=0, elapsed=0)
    poll(desk, state=3, watthour=1000, wattsec=0, elapsed=1, amp=16)
    poll(desk, state=3, watthour=1100, wattsec=360_000, elapsed=300, amp=16)
    left = desk.bench.wall - 30
    # Nothing is heard for an hour, in which the one car leaves and another comes.
    desk.wait(3600)
    came = desk.bench.wall - 120
    poll(desk, state=3, watthour=1250, wattsec=180_000, elapsed=120, amp=16)
    assert energies(desk) == [100.0 + 100.0]
    first = desk.bench.out.sessions[0]
    assert first.end == pytest.approx(left, abs=1)
    assert first.charging_s == pytest.approx(30, abs=2)
    poll(desk, then=90, state=1, watthour=1300, wattsec=360_000, elapsed=300)
    second = desk.bench.out.sessions[1]
    assert second.start == pytest.approx(came, abs=1)
    assert second.energy_wh == 100.0


def test_a_pause_of_an_hour_that_the_same_car_made_is_no_end(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, elapsed=0)
    poll(desk, state=3, watthour=1100, elapsed=300, amp=16)
    for _ in range(60):
        poll(desk, then=60, state=254, watthour=1100, elapsed=300, amp=0)
    poll(desk, state=3, watthour=1200, elapsed=330, amp=16)
    poll(desk, then=90, state=1, watthour=1200, elapsed=330)
    assert energies(desk) == [200.0]


def test_the_zeros_after_a_boot_are_no_new_session(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, elapsed=0)
    poll(desk, state=3, watthour=1100, elapsed=300, amp=16)
    poll(desk, then=900, state=254, watthour=1100, elapsed=300, amp=0)
    poll(desk, state=3, watthour=0, elapsed=0, wattsec=0, amp=0)
    poll(desk, state=3, watthour=1110, elapsed=310, amp=16)
    poll(desk, then=90, state=1, watthour=1120, elapsed=320)
    assert energies(desk) == [120.0]


def test_a_session_in_progress_is_known_again_with_its_meter(desk: Desk) -> None:
    poll(desk, state=1, watthour=1000, wattsec=0)
    poll(desk, state=3, watthour=1000, wattsec=0)
    poll(desk, state=3, watthour=1000, wattsec=360_000)
    again = Desk(restarted(desk.bench))
    again.wait(2)
    poll(again, then=90, state=1, watthour=1000, wattsec=720_000)
    assert energies(again) == [200.0]


def test_a_car_that_left_is_asked_about_soon(desk: Desk) -> None:
    telemetry = desk.bench.registry.telemetries[next(iter(desk.bench.registry.telemetries))]
    desk.speak(20, state="1")
    desk.speak(20, state="3")
    before = telemetry.documents.poll_hints
    desk.speak(state="1")
    desk.speak(state="1")
    assert telemetry.documents.poll_hints == before + 1


def test_a_session_whose_beginning_nobody_heard_has_all_of_its_energy(desk: Desk) -> None:
    desk.speak(state="1", wh="5000")
    desk.wait(3600)
    poll(desk, state=254, watthour=9000)
    poll(desk, state=3, watthour=9000)
    poll(desk, state=3, watthour=9500)
    poll(desk, then=90, state=1, watthour=9600)
    assert energies(desk) == [4600.0]
