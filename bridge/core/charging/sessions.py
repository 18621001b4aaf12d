"""Charging sessions: from the first charging after not_connected until not_connected.

Pauses (sleeping, disabled, connected) lie inside a session. Its energy is the rise of the
reset-proof total; where that lags, as with controllers that raise it only at the end, the
session's own meter counts. The gateway refreshes its totals every 12 s, so a session ends
with the first total 15 s or more after the unplugging, or a minute after it. No energy counts
in two sessions: each begins at the total up to which the one before counted.
"""

from bridge.core.charging.session import Mark, OpenSession, restored
from bridge.core.clock import NEVER, Moment, Steady, Unix
from bridge.core.clock_steps import ClockStep
from bridge.core.fields.states import CHARGING, NOT_CONNECTED, STARTING
from bridge.core.model import ChargerId, SavedState, Session

SETTLE_SECONDS = 15.0
PATIENCE_SECONDS = 60.0
SATURATED_WH = 2_147_483_647 / 3600
"""The greatest value of the session's own meter, which it then keeps."""


class Sessions:
    """The sessions of one charger; durations are measured on the steady clock."""

    __slots__ = ("_charger", "_counted", "_open", "_steady", "_total", "_total_unix")

    def __init__(self, charger: ChargerId) -> None:
        self._charger = charger
        self._open: OpenSession | None = None
        self._counted = 0.0
        """The total up to which the sessions have counted."""
        self._total: float | None = None
        self._total_unix = NEVER
        """The last total and its arrival."""
        self._steady: Steady | None = None
        """Steady time of the last update of the open session; None in a new run."""

    @property
    def running(self) -> bool:
        return self._open is not None and self._open.start > 0

    @property
    def begun(self) -> bool:
        """The total at the start of the session is known."""
        return self._open is not None and self._open.energy_from is not None

    @property
    def ended(self) -> bool:
        """The car has left, and the session waits for its last total."""
        return self._open is not None and self._open.end > 0

    def observe_state(
        self, code: int, now: Moment, energy_wh: float | None, before: int | None
    ) -> Session | None:
        """Record a state and the one `before` it; returns a session that it ended."""
        finished = None
        if code == NOT_CONNECTED:
            self._unplug(now)
        elif code != STARTING:
            if self._open is not None and self._open.end:
                finished = self.finish(energy_wh)
            self._plugged(code, now, energy_wh, whole=before == NOT_CONNECTED)
        return finished

    def observe_load(self, amperes: float, watts: float, unix: Unix) -> bool:
        """Record a measured load; True for a new peak of a session."""
        now = self._open
        if now is None or not now.charging:
            return False
        if amperes > 0 or watts > 0:
            now.charges(unix, self._total)
        if amperes <= now.peak_a and watts <= now.peak_w:
            return False
        now.peak_a = max(now.peak_a, amperes)
        now.peak_w = max(now.peak_w, watts)
        now.charges(unix, self._total)
        return True

    def observe_energy(self, energy_wh: float, unix: Unix) -> Session | None:
        """Record a total; one that came late enough after the unplugging ends the session.

        One that cannot be waits for the charger's own time.
        """
        self._total, self._total_unix = energy_wh, unix
        now = self._open
        if now is None or not now.start:
            return None
        if now.energy_from is None:
            now.energy_from, now.energy_since = energy_wh, unix
        if not now.end:
            if now.last.total is not None and energy_wh > now.last.total:
                now.charges(unix, energy_wh)
            return None
        settled = unix - now.end >= SETTLE_SECONDS and now.fits(energy_wh)
        return self.finish(energy_wh) if settled else None

    def observe_meter(self, wh: float, unix: Unix) -> None:
        """Record the session's own energy; right after the start it may be the last session's."""
        now = self._open
        if now is None or not now.start or wh >= SATURATED_WH or self._too_early(now, unix):
            return
        if now.meter_from is None:
            now.meter_from = 0.0 if now.whole else wh
        now.meter = max(now.meter, wh)

    def observe_elapsed(self, seconds: float, now: Moment, wh: float | None) -> Session | None:
        """Record the session's own time: if it restarted after a long time without current,
        one car left and another came without a message.

        `wh` is the session's own energy. Right after the start both may be the last session's.
        """
        session = self._open
        if session is None or not session.start or seconds <= 0:
            return None
        if self._too_early(session, now.unix):
            return None
        before, session.elapsed = session.elapsed, seconds
        if session.end:
            return None
        left = session.left_at(now.unix)
        if left is not None and seconds < before:
            session.elapsed = before
            return self._change_cars(session, left, seconds, now, wh)
        session.join()
        if seconds > before:
            session.charges(now.unix, self._total)
        return None

    def _too_early(self, session: OpenSession, unix: Unix) -> bool:
        """Whether the charger's own values may be those of the session before."""
        return session.whole and not session.end and unix - session.start < SETTLE_SECONDS

    def _change_cars(
        self, session: OpenSession, left: Mark, seconds: float, now: Moment, wh: float | None
    ) -> Session | None:
        """End the session at `left`, and begin that of the car that came unheard."""
        self._add_elapsed(session, now)
        base, before = left.total, 0.0
        if self._total is not None and wh is not None:
            # What the meter counted before the mark belongs to the session that ends there.
            base = max(self._total - wh, left.total or 0.0)
            before = base - (self._total - wh)
        second = session.split(left, base, seconds, now.unix)
        second.meter_from = before
        finished = self.finish(base)
        if second.energy_from is not None:
            second.energy_from = max(second.energy_from, self._counted)
        self._open = second
        return finished

    def overdue(self, now: Moment) -> bool:
        """Whether the unplugged session has waited long enough for a last total."""
        if self._open is None or not self._open.end:
            return False
        if self._steady is None:
            self._steady = now.steady
        return now.steady - self._steady >= PATIENCE_SECONDS

    def finish(self, energy_wh: float | None) -> Session | None:
        """End the unplugged session now."""
        now, self._open = self._open, None
        if now is None or not now.start:
            return None
        finished = now.finished(self._charger, energy_wh)
        if now.energy_from is not None:
            self._counted = max(self._counted, now.energy_from + finished.energy_wh)
        return finished

    def _plugged(self, code: int, now: Moment, energy_wh: float | None, *, whole: bool) -> None:
        session = self._open
        if session is None:
            # A total that lags may still rise by the energy of an earlier session.
            energy_from = None if energy_wh is None else max(energy_wh, self._counted)
            session = self._open = OpenSession(
                now.unix, energy_from=energy_from, energy_since=self._total_unix, whole=whole
            )
            self._steady = now.steady
        self._add_elapsed(session, now)
        session.charging = code == CHARGING
        if session.charging and not session.start:
            session.start = now.unix
            session.last = Mark(now.unix, plugged_s=session.plugged_s, total=energy_wh)

    def _unplug(self, now: Moment) -> None:
        session = self._open
        if session is None or session.end:
            return
        self._add_elapsed(session, now)
        # The wall clock may have been set back meanwhile.
        session.charging, session.end = False, max(now.unix, session.start)
        if not session.start:
            self._open = None

    def _add_elapsed(self, session: OpenSession, now: Moment) -> None:
        """Add the time since the last update; across a restart, by the wall clock."""
        passed = now.unix - session.since if self._steady is None else now.steady - self._steady
        passed = max(0.0, passed)
        session.plugged_s += passed
        session.charging_s += passed if session.charging else 0.0
        session.since, self._steady = now.unix, now.steady

    def clock_stepped(self, step: ClockStep) -> None:
        """The wall clock was set: correct the times that the wrong one gave."""
        self._total_unix = step.corrected(self._total_unix)
        if self._open is not None:
            self._open.clock_stepped(step)

    def saved(self) -> dict[str, object]:
        """What the state file keeps."""
        session = self._open.saved() if self._open else None
        return {"session": session, "sessions_counted": [self._counted, self._total_unix]}

    def restore(self, saved: SavedState) -> None:
        """Continue where an earlier run ended."""
        self._open = restored(saved.get("session"))
        counted = saved.get("sessions_counted")
        if isinstance(counted, list) and len(counted) == 2:
            self._counted, self._total_unix = float(counted[0]), Unix(float(counted[1]))
