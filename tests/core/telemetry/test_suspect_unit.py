"""Currents whose unit is suspect give neither power nor peaks, until it is settled."""

import pytest

from bridge.core.polling.outcome import PollOutcome
from tests.kit.core import Bench, restarted
from tests.kit.desk import Desk

POWER = "power_watts"


@pytest.fixture
def desk() -> Desk:
    bench = Bench()
    bench.announce()
    return Desk(bench)


def balance(bench: Bench) -> int:
    """Readings received that are neither written nor discarded; 0 where all are accounted for."""
    accounts, out = bench.accounts, bench.out
    gone = accounts.stored + out.readings_open + out.readings_held
    return accounts.received - gone - sum(accounts.discarded.values())


def suspect(desk: Desk) -> None:
    """The pilot comes after the first current."""
    for _ in range(4):
        desk.speak(30, amp1="16000", amp2="16000")


def test_a_suspect_current_gives_no_power_and_is_counted(desk: Desk) -> None:
    suspect(desk)
    desk.speak(30, amp1="16000", amp2="16000", v2="230")
    assert desk.metric("unit_suspect") == 1
    assert desk.metric(POWER) is None
    last = desk.bench.points()[-1]
    assert "power=" not in last
    assert "current_" not in last
    assert desk.bench.discarded() == {"implausible": 4}
    assert balance(desk.bench) == 0


def test_what_the_charger_sends_stays_visible_beside_the_flag(desk: Desk) -> None:
    suspect(desk)
    assert desk.metric("current_amperes", ',phase="1"') == 16000


def test_agreement_brings_power_back(desk: Desk) -> None:
    suspect(desk)
    desk.speak(30, amp1="16", amp2="0")
    desk.speak(30, amp1="16", amp2="0")
    assert desk.metric(POWER) is None
    desk.speak(30, amp1="16", amp2="0")
    assert desk.metric("unit_suspect") == 0
    assert desk.metric(POWER) == 3680
    assert "current_1=16.0" in desk.bench.points()[-1]
    assert balance(desk.bench) == 0


def test_no_session_keeps_a_peak_of_a_suspect_unit(desk: Desk) -> None:
    desk.speak(30, state="1", amp1="0")
    desk.speak(30, amp1="10")
    suspect(desk)
    desk.speak(30, amp1="16000")
    desk.speak(20, state="1", amp1="0")
    desk.wait(90)
    (session,) = desk.bench.out.sessions
    assert (session.peak_a, session.peak_w) == (10.0, 2300.0)


def test_a_single_odd_sample_is_no_peak_either(desk: Desk) -> None:
    desk.speak(30, state="1", amp1="0")
    for amps in ("10", "16000", "10"):
        desk.speak(30, amp1=amps)
    desk.speak(20, state="1", amp1="0")
    desk.wait(90)
    (session,) = desk.bench.out.sessions
    assert (session.peak_a, session.peak_w) == (10.0, 2300.0)


def test_polled_currents_are_refused_too(desk: Desk) -> None:
    for _ in range(4):
        desk.answer(PollOutcome.OK, amp=16000)
        desk.wait(30)
    assert desk.metric("unit_suspect") == 1
    assert desk.metric(POWER) is None
    last = desk.bench.points()[-1]
    assert "power=" not in last
    assert "current_" not in last
    assert desk.bench.discarded()["implausible"] == 2
    assert balance(desk.bench) == 0


def test_a_restart_does_not_settle_it(desk: Desk) -> None:
    suspect(desk)
    bench = restarted(desk.bench)
    bench.announce()
    again = Desk(bench)
    again.speak(30, amp1="16000")
    assert again.metric(POWER) is None
    assert again.bench.discarded() == {"implausible": 1}


def test_a_power_that_the_charger_measured_itself_stays(desk: Desk) -> None:
    suspect(desk)
    desk.speak(30, amp1="16000", power="3600")
    assert desk.metric(POWER) == 3600
    assert "power=3600.0" in desk.bench.points()[-1]
