"""Energy, duration and peaks of a session that contradict each other."""

import pytest

from bridge.core.charging.sessions import Sessions
from bridge.core.clock import Moment, Steady, Unix
from bridge.core.model import ChargerId, Session
from tests.kit.core import Bench
from tests.kit.desk import Desk


class Stay:
    """The sessions of one charger, whose values are believed as they come."""

    def __init__(self) -> None:
        self.sessions = Sessions(ChargerId("abc123"))
        self.found: list[Session] = []
        self.seconds = 0.0
        self.before: int | None = None
        self.total: float | None = None

    @property
    def now(self) -> Moment:
        return Moment(Unix(1_790_000_000 + self.seconds), Steady(self.seconds))

    def hears(
        self, state: int, wh: float, then: float = 30, *,
        amps: float = 0.0, elapsed: float | None = None, meter: float | None = None,
    ) -> None:  # fmt: skip
        """One document, in the order in which its members count; then time passes."""
        now = self.now
        self._ended(self.sessions.observe_state(state, now, self.total, self.before))
        self.before, self.total = state, wh
        self._ended(self.sessions.observe_energy(wh, now.unix))
        if elapsed is not None:
            self._ended(self.sessions.observe_elapsed(elapsed, now, meter))
        if meter is not None:
            self.sessions.observe_meter(meter, now.unix)
        self.sessions.observe_load(amps, amps * 230, now.unix)
        self.seconds += then
        if self.sessions.overdue(self.now):
            self._ended(self.sessions.finish(self.total))

    def _ended(self, session: Session | None) -> None:
        self.found += [session] if session is not None else []

    @property
    def only(self) -> Session:
        (session,) = self.found
        return session


@pytest.fixture
def stay() -> Stay:
    return Stay()


def test_a_session_of_megawatts_is_cut_to_its_peak_and_time(stay: Stay) -> None:
    stay.hears(1, 1000)
    stay.hears(3, 1000, 20, amps=16)
    stay.hears(3, 38_000, 20, amps=16)
    stay.hears(1, 38_000, 20)
    stay.hears(1, 38_000, 90)
    assert stay.only.doubtful is True
    assert stay.only.charging_s == 40
    assert stay.only.energy_wh == pytest.approx(40.9, abs=0.1)


def test_without_a_measured_current_the_hardware_limits_it(stay: Stay) -> None:
    stay.hears(1, 1000)
    stay.hears(3, 1000, 20)
    stay.hears(3, 38_000, 20)
    stay.hears(1, 38_000, 90)
    assert (stay.only.energy_wh, stay.only.doubtful) == (640.0, True)


def test_the_meter_is_believed_where_the_total_cannot_be(stay: Stay) -> None:
    stay.hears(1, 1000, meter=0, elapsed=0)
    stay.hears(3, 1000, meter=0, elapsed=1, amps=16)
    stay.hears(3, 38_000, meter=30, elapsed=30, amps=16)
    stay.hears(1, 38_000, 90, meter=50, elapsed=50)
    assert (stay.only.energy_wh, stay.only.doubtful) == (50.0, True)


def test_a_meter_that_cannot_be_is_cut_where_the_total_did_not_rise(stay: Stay) -> None:
    stay.hears(1, 1000, meter=0)
    stay.hears(3, 1000, 20, meter=0, amps=16)
    stay.hears(3, 1000, 20, meter=37_000, amps=16)
    stay.hears(1, 1000, 90, meter=37_000)
    assert stay.only.doubtful is True
    assert stay.only.energy_wh == pytest.approx(40.9, abs=0.1)


def test_an_old_elapsed_of_the_session_before_excuses_nothing(stay: Stay) -> None:
    stay.hears(1, 1000, elapsed=18_000)
    stay.hears(3, 1000, 20, elapsed=18_000, amps=16)
    stay.hears(3, 38_000, 20, elapsed=20, amps=16)
    stay.hears(1, 38_000, 90, elapsed=40)
    assert stay.only.doubtful is True
    assert stay.only.energy_wh < 60


def test_a_bridge_that_heard_only_the_end_cuts_nothing(stay: Stay) -> None:
    stay.hears(3, 1000, 40, elapsed=18_000, amps=32)
    stay.hears(1, 38_000, 30, elapsed=18_040)
    stay.hears(1, 38_000, 30, elapsed=18_040)
    assert (stay.only.energy_wh, stay.only.doubtful) == (37_000.0, False)


def test_an_end_alone_without_the_chargers_own_time_is_not_judged(stay: Stay) -> None:
    stay.hears(3, 1000, 40, amps=32)
    stay.hears(1, 38_000, 30)
    stay.hears(1, 38_000, 30)
    assert (stay.only.energy_wh, stay.only.doubtful) == (37_000.0, False)


def test_an_elapsed_that_is_too_short_for_the_energy_counts(stay: Stay) -> None:
    stay.hears(3, 1000, 40, elapsed=100, amps=16)
    stay.hears(1, 38_000, 90, elapsed=140)
    assert stay.only.doubtful is True
    assert stay.only.energy_wh == pytest.approx(3680 * 140 / 3600)


def test_energy_that_the_peaks_cannot_have_given_is_flagged_and_kept(stay: Stay) -> None:
    stay.hears(1, 1000)
    for n in range(30):
        stay.hears(3, 1000 + n * 200, amps=1)
    stay.hears(1, 6800, 90)
    assert (stay.only.energy_wh, stay.only.doubtful) == (5800.0, True)


def test_three_phases_behind_one_ammeter_are_no_contradiction(stay: Stay) -> None:
    stay.hears(1, 1000)
    for n in range(40):
        stay.hears(3, 1000 + n * 92, amps=16)
    stay.hears(1, 4680, 90)
    assert (stay.only.energy_wh, stay.only.doubtful) == (3680.0, False)


def test_hours_that_nobody_heard_may_hold_their_energy(stay: Stay) -> None:
    stay.hears(1, 1000, 36_000)
    stay.hears(3, 38_000, 20, amps=16)
    stay.hears(1, 38_000, 90)
    assert (stay.only.energy_wh, stay.only.doubtful) == (37_000.0, False)


def test_an_old_controller_may_add_its_session_at_the_end(stay: Stay) -> None:
    stay.hears(1, 1000)
    for _ in range(120):
        stay.hears(3, 1000, amps=16)
    stay.hears(1, 4680, 20)
    stay.hears(1, 4680, 90)
    assert (stay.only.energy_wh, stay.only.doubtful) == (3680.0, False)


def test_a_saturated_meter_alone_makes_no_session_doubtful(stay: Stay) -> None:
    stay.hears(1, 1000, meter=0)
    stay.hears(3, 1000, meter=0, amps=16)
    stay.hears(3, 1030, meter=2_147_483_647 / 3600, amps=16)
    stay.hears(1, 1050, 90, meter=2_147_483_647 / 3600)
    assert (stay.only.energy_wh, stay.only.doubtful) == (50.0, False)


def test_what_was_cut_is_not_the_next_sessions_either(stay: Stay) -> None:
    stay.hears(1, 1000)
    stay.hears(3, 1000, 20, amps=16)
    stay.hears(1, 38_000, 90)
    stay.hears(3, 38_000, amps=16)
    stay.hears(3, 38_030, amps=16)
    stay.hears(1, 38_060, 90)
    assert [one.doubtful for one in stay.found] == [True, False]
    assert stay.found[1].energy_wh == 60.0


def test_a_doubtful_session_is_one_in_the_store_too() -> None:
    bench = Bench()
    bench.announce()
    desk = Desk(bench)
    for state, meter in ((1, 0), (3, 0), (3, 133_200_000)):
        desk.answer(state=state, watthour=1000, wattsec=meter, amp=16)
        desk.wait(20)
    desk.answer(state=1, watthour=1000, wattsec=133_200_000, amp=0)
    desk.wait(90)
    (line,) = (each for each in bench.lines() if each.startswith("evse_charge"))
    assert line.endswith(",doubtful=1i")
    assert desk.metric("energy_joules_total") == 3_600_000
