"""State, current, power and energy that contradict each other, and those that only seem to."""

import pytest

from bridge.core.discovery.config import FleetConfig
from bridge.core.model import Dialect
from bridge.core.polling.outcome import PollOutcome
from tests.kit.core import Bench, restarted
from tests.kit.desk import Desk


def listening(dialect: Dialect = Dialect.NOFOS) -> Desk:
    bench = Bench(FleetConfig(dialect=dialect))
    bench.announce()
    return Desk(bench)


@pytest.fixture
def desk() -> Desk:
    return listening()


def flag(desk: Desk) -> float | None:
    return desk.metric("contradictory")


def told(desk: Desk) -> list[tuple[int, str]]:
    events = desk.bench.events()
    return [(code, text) for kind, code, text in events if kind == "contradictory"]


def charge(desk: Desk, frames: int, wh: float, step: float, amps: str = "16") -> float:
    for _ in range(frames):
        desk.speak(30, state="3", wh=str(wh), amp1=amps)
        wh += step
    return wh


def test_a_total_that_stands_while_current_flows_is_flagged_until_it_rises(desk: Desk) -> None:
    wh = charge(desk, 5, 5000, 31)
    assert flag(desk) == 0
    charge(desk, 14, wh, 0)
    assert flag(desk) == 1
    charge(desk, 4, wh + 31, 31)
    assert flag(desk) == 0
    assert told(desk) == [
        (1, "current flows but the energy total stands still"), (0, "values agree again"),
    ]  # fmt: skip


def test_nothing_is_hidden_while_it_lasts(desk: Desk) -> None:
    wh = charge(desk, 5, 5000, 31)
    charge(desk, 14, wh, 0)
    assert (desk.metric("power_watts"), desk.metric("energy_joules_total")) == (3680, wh * 3600)
    assert "power=3680.0" in desk.bench.points()[-1]


def test_an_old_controller_that_raises_its_total_at_the_end_is_honest(desk: Desk) -> None:
    for session in range(3):
        charge(desk, 60, 5000 + session * 1840, 0)
        for _ in range(4):
            desk.speak(30, state="1", wh=str(6840 + session * 1840), amp1="0")
    assert flag(desk) == 0


def test_an_old_controller_over_http_has_a_meter_that_rises(desk: Desk) -> None:
    for n in range(60):
        desk.answer(PollOutcome.OK, state=3, watthour=5000, wattsec=n * 110_400, amp=16)
        desk.wait(30)
    assert flag(desk) == 0


def test_a_total_and_a_meter_that_both_stand_are_flagged(desk: Desk) -> None:
    for _ in range(20):
        desk.answer(PollOutcome.OK, state=3, watthour=5000, wattsec=360_000, amp=16)
        desk.wait(30)
    assert flag(desk) == 1


@pytest.mark.parametrize("state", ["1", "2", "254", "255"])
def test_current_in_a_state_without_charging_is_flagged(desk: Desk, state: str) -> None:
    for _ in range(8):
        desk.speak(30, state=state, amp1="16")
    assert flag(desk) == 1
    for _ in range(2):
        desk.speak(30, state=state, amp1="0")
    assert told(desk) == [
        (1, "current flows in a state without charging"), (0, "values agree again"),
    ]  # fmt: skip


def test_a_current_that_lags_behind_the_state_is_no_contradiction(desk: Desk) -> None:
    for _ in range(3):
        charge(desk, 4, 5000, 0)
        for amps in ("16", "16", "0", "0"):
            desk.speak(30, state="254", amp1=amps)
    assert told(desk) == []


def test_a_stuck_relay_has_a_state_of_its_own(desk: Desk) -> None:
    for _ in range(10):
        desk.speak(30, state="8", amp1="16")
    assert flag(desk) == 0


def test_a_measured_power_against_current_and_voltage_is_flagged() -> None:
    desk = listening(Dialect.OPENEVSE)
    for n in range(8):
        desk.speak(30, amp1="16000", power="100", wh=str(5000 + n))
    assert flag(desk) == 1
    assert told(desk)[0][1] == "the measured power is not current times voltage"


@pytest.mark.parametrize("power", ["2200", "3600", "11000"])
def test_a_power_factor_and_three_phases_behind_one_ammeter_are_honest(power: str) -> None:
    desk = listening(Dialect.OPENEVSE)
    for n in range(20):
        desk.speak(30, amp1="16000", power=power, wh=str(5000 + n * int(power) / 120))
    assert flag(desk) == 0


def test_a_total_that_rises_without_current_is_flagged(desk: Desk) -> None:
    charge(desk, 10, 5000, 40, amps="0")
    assert flag(desk) == 1
    assert told(desk)[0][1] == "the energy total rises without current"


def test_a_total_in_whole_kilowatt_hours_is_honest(desk: Desk) -> None:
    for n in range(400):
        desk.speak(30, state="3", wh=str((5000 + n * 31) // 1000 * 1000), amp1="16")
    assert flag(desk) == 0


def test_it_is_known_again_after_a_restart_and_reported_once(desk: Desk) -> None:
    for _ in range(8):
        desk.speak(30, state="254", amp1="16")
    bench = restarted(desk.bench)
    bench.announce()
    again = Desk(bench)
    assert flag(again) == 1
    for _ in range(8):
        again.speak(30, state="254", amp1="16")
    assert told(again) == []
    for _ in range(2):
        again.speak(30, state="254", amp1="0")
    assert told(again) == [(0, "values agree again")]
