"""Charging sessions: from the first charging after not_connected until not_connected.

Pauses (sleeping, disabled, connected) lie inside a session. Its energy is the rise of the
reset-proof total; where that lags, as with controllers that raise it only at the end, the
session's own meter counts. The gateway refreshes its totals every 12 s, so a session ends
with the first total 15 s or more after the unplugging, or a minute after it.
"""

from bridge.core.charging.session import OpenSession, restored
from bridge.core.clock import NEVER, Moment, Steady, Unix
from bridge.core.clock_steps import ClockStep
from bridge.core.fields.states import CHARGING, CONNECTED, NOT_CONNECTED, STARTING
from bridge.core.model import ChargerId, Session

SETTLE_SECONDS = 15.0
PATIENCE_SECONDS = 60.0
IDLE_SECONDS = 600.0
"""After so long without current, a new `elapsed` means another car."""


class Sessions:
    """The sessions of one charger; durations are measured on the steady clock."""

    __slots__ = ("_charger", "_counted", "_left", "_open", "_steady")

    def __init__(self, charger: ChargerId) -> None:
        self._charger = charger
        self._open: OpenSession | None = None
        self._counted = self._left = 0.0
        """The total up to which the last session counted, and when its car left."""
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
        if amperes > 0:
            if unix - now.current_at >= IDLE_SECONDS:
                now.gap_from = now.current_at
            now.current_at = unix
        if amperes <= now.peak_a and watts <= now.peak_w:
            return False
        now.peak_a = max(now.peak_a, amperes)
        now.peak_w = max(now.peak_w, watts)
        return True

    def observe_energy(self, energy_wh: float, unix: Unix) -> Session | None:
        """Record a total; one that came late enough after the unplugging ends the session."""
        now = self._open
        if now is not None and now.start and now.energy_from is None:
            now.energy_from = energy_wh
        settled = now is not None and now.end and unix - now.end >= SETTLE_SECONDS
        return self.finish(energy_wh) if settled else None

    def observe_meter(self, wh: float, unix: Unix) -> None:
        """Record the session's own energy; right after the start it may be the last session's."""
        now = self._open
        if now is None or not now.start or (not now.end and unix - now.start < SETTLE_SECONDS):
            return
        if now.meter_from is None:
            now.meter_from = 0.0 if now.whole else wh
        now.meter = max(now.meter, wh)

    def observe_elapsed(
        self, seconds: float, now: Moment, energy_wh: float | None
    ) -> Session | None:
        """Record the session's own time: if it restarted after a long time without current,
        one car left and another came without a message.

        `energy_wh` is the total at that restart.
        """
        session = self._open
        if session is None or not session.start or session.end or seconds <= 0:
            return None
        idle_from = session.gap_from or session.current_at
        idle = session.gap_from > 0 or now.unix - idle_from >= IDLE_SECONDS
        before, session.elapsed, session.gap_from = session.elapsed, seconds, NEVER
        if not idle or seconds >= before:
            return None
        self._add_elapsed(session, now)
        session.leave(idle_from, now.unix)
        finished = self.finish(energy_wh)
        self._plugged(CHARGING if session.charging else CONNECTED, now, energy_wh, whole=True)
        if finished is not None and self._open is not None and self._open.start:
            self._open.start = Unix(max(finished.end, now.unix - seconds))
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
        self._counted, self._left = (now.energy_from or 0.0) + finished.energy_wh, finished.end
        return finished

    def _plugged(self, code: int, now: Moment, energy_wh: float | None, *, whole: bool) -> None:
        session = self._open
        if session is None:
            energy_from = self._energy_start(energy_wh, now.unix)
            session = self._open = OpenSession(now.unix, energy_from=energy_from, whole=whole)
            self._steady = now.steady
        self._add_elapsed(session, now)
        session.charging = code == CHARGING
        if session.charging and not session.start:
            session.start = session.current_at = now.unix

    def _energy_start(self, energy_wh: float | None, unix: Unix) -> float | None:
        """The total from which a session counts: where another car left just now, a total
        that lags may still rise by the energy of that car's session."""
        if energy_wh is None or unix - self._left >= PATIENCE_SECONDS:
            return energy_wh
        return max(energy_wh, self._counted)

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
        self._left = step.corrected(Unix(self._left))
        if self._open is not None:
            self._open.clock_stepped(step)

    def saved(self) -> dict[str, object] | None:
        """What the state file keeps of the session in progress."""
        return self._open.saved() if self._open else None

    def restore(self, saved: object) -> None:
        """Continue the session that an earlier run had open."""
        self._open = restored(saved)
