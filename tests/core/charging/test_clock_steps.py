"""Sessions over steps of the wall clock, within a run and after a restart with a wrong one."""

import pytest

from bridge.core.clock import Unix
from bridge.core.clock_steps import ClockSteps
from bridge.core.discovery.rivalry import Rivalry
from tests.kit.core import EPOCH, Bench

DAY = 86_400.0


def say(bench: Bench, state: str, wh: int, then: float) -> None:
    bench.hear(("charger/one/state", state), ("charger/one/wh", str(wh)))
    bench.wait(then)


def set_clock(bench: Bench, steps: ClockSteps, seconds: float) -> None:
    bench.wall += seconds
    step = steps.observe(bench.now)
    assert step is not None
    bench.registry.clock_stepped(step)


@pytest.mark.parametrize("ahead", [90.0, 7200.0, 40 * DAY, -7200.0])
def test_a_session_that_began_with_a_wrong_clock_gets_its_true_times(ahead: float) -> None:
    bench = Bench()
    bench.wall += ahead
    steps = ClockSteps(bench.now)
    bench.announce()
    say(bench, "1", 1000, 30)
    say(bench, "3", 1000, 600)
    set_clock(bench, steps, -ahead)
    say(bench, "3", 1500, 600)
    say(bench, "1", 2000, 70)
    (session,) = bench.out.sessions
    assert session.start == pytest.approx(EPOCH + 30, abs=1)
    assert session.end == pytest.approx(EPOCH + 1230, abs=1)
    assert (session.charging_s, session.plugged_s) == pytest.approx((1200, 1200), abs=1)
    charge = next(line for line in bench.out.lines if line.startswith(b"evse_charge"))
    assert int(charge.rsplit(b" ", 1)[1]) / 1000 == pytest.approx(EPOCH + 1230, abs=1)


@pytest.mark.parametrize("ahead", [7200.0, 40 * DAY])
def test_a_session_over_a_restart_with_a_clock_ahead_is_no_longer_than_it_was(
    ahead: float,
) -> None:
    before = Bench()
    before.announce()
    say(before, "1", 1000, 30)
    say(before, "2", 1000, 300)
    say(before, "3", 1000, 600)
    bench = Bench()
    bench.wall = before.wall + 60 + ahead
    bench.restore(before.saved(), trusted=True, floor_ms=0)
    steps = ClockSteps(bench.now)
    say(bench, "3", 1500, 600)
    set_clock(bench, steps, -ahead)
    say(bench, "3", 2000, 600)
    say(bench, "1", 2500, 70)
    (session,) = bench.out.sessions
    assert session.end - session.start == pytest.approx(1860, abs=2)
    assert session.charging_s == pytest.approx(1860, abs=2)
    assert session.plugged_s == pytest.approx(2160, abs=2)


def test_a_session_of_an_earlier_run_keeps_its_start() -> None:
    before = Bench()
    before.announce()
    say(before, "1", 1000, 30)
    say(before, "3", 1000, 600)
    bench = Bench()
    bench.wall = before.wall + 60 + 90
    bench.restore(before.saved(), trusted=True, floor_ms=0)
    steps = ClockSteps(bench.now)
    say(bench, "3", 1500, 10)
    set_clock(bench, steps, -90)
    say(bench, "1", 1600, 70)
    (session,) = bench.out.sessions
    assert session.start == pytest.approx(EPOCH + 30, abs=1)
    assert session.charging_s == pytest.approx(670, abs=2)


def test_a_conflict_that_was_noted_in_the_future_is_reported_again() -> None:
    rivalry = Rivalry("other", Unix(EPOCH + 40 * DAY))
    assert rivalry.observe("other", Unix(EPOCH))
    assert not rivalry.observe("other", Unix(EPOCH + 60))
