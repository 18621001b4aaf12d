"""Charging sessions: from the first charging after not_connected until not_connected.

Pauses (sleeping, disabled, connected) lie inside a session. Its energy is what the
reset-proof total rose by; the last reading of the total comes up to a document's period
after the unplugging, so a session ends with that reading, or without it a minute later.
"""

from dataclasses import asdict, dataclass, fields

from bridge.core.clock import Moment
from bridge.core.model import ChargerId, Session
from bridge.core.states import CHARGING, NOT_CONNECTED, STARTING

PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class _Open:
    """A car at the charger; `start` is 0 until it charges, `end` until it left."""

    since: float
    start: float = 0.0
    end: float = 0.0
    charging_s: float = 0.0
    plugged_s: float = 0.0
    energy_from: float | None = None
    peak_a: float = 0.0
    peak_w: float = 0.0
    charging: bool = False


class Sessions:
    """The sessions of one charger; durations are measured on the steady clock."""

    __slots__ = ("_charger", "_open", "_steady")

    def __init__(self, charger: ChargerId) -> None:
        self._charger = charger
        self._open: _Open | None = None
        self._steady: float | None = None
        """Steady time of the last look at the open session; None in a new run."""

    @property
    def running(self) -> bool:
        return self._open is not None and self._open.start > 0

    def state(self, code: int, now: Moment, energy_wh: float | None) -> Session | None:
        """Take a state; returns a session that this one brought to its end."""
        finished = None
        if code == NOT_CONNECTED:
            self._unplug(now)
        elif code != STARTING:
            if self._open is not None and self._open.end:
                finished = self.finish(energy_wh)
            self._plugged(code, now, energy_wh)
        return finished

    @property
    def begun(self) -> bool:
        """The energy of a session is known from its start on."""
        return self._open is not None and self._open.energy_from is not None

    def load(self, amperes: float, watts: float) -> bool:
        """Take a measured load; True for a new peak of a session."""
        now = self._open
        if now is None or not now.charging or (amperes <= now.peak_a and watts <= now.peak_w):
            return False
        now.peak_a = max(now.peak_a, amperes)
        now.peak_w = max(now.peak_w, watts)
        return True

    def energy(self, energy_wh: float) -> Session | None:
        """Take a new total; the first after the unplugging ends the session."""
        now = self._open
        if now is not None and now.start and now.energy_from is None:
            now.energy_from = energy_wh
        return self.finish(energy_wh) if now is not None and now.end else None

    def overdue(self, now: Moment) -> bool:
        """The unplugged session has waited long enough for a last total."""
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
        grown = (energy_wh or 0.0) - (now.energy_from or 0.0) if now.energy_from is not None else 0
        return Session(
            charger=self._charger,
            start=now.start,
            end=now.end,
            charging_s=round(now.charging_s, 3),
            plugged_s=round(now.plugged_s, 3),
            energy_wh=max(0.0, grown),
            peak_a=now.peak_a,
            peak_w=now.peak_w,
        )

    def _plugged(self, code: int, now: Moment, energy_wh: float | None) -> None:
        session = self._open
        if session is None:
            session = self._open = _Open(since=now.wall)
            self._steady = now.steady
        self._tick(session, now)
        session.charging = code == CHARGING
        if session.charging and not session.start:
            session.start, session.energy_from = now.wall, energy_wh

    def _unplug(self, now: Moment) -> None:
        session = self._open
        if session is None or session.end:
            return
        self._tick(session, now)
        # The wall's clock may have been set back meanwhile.
        session.charging, session.end = False, max(now.wall, session.start)
        if not session.start:
            self._open = None

    def _tick(self, session: _Open, now: Moment) -> None:
        """Let time pass; across a restart only the wall's clock tells how much."""
        passed = now.wall - session.since if self._steady is None else now.steady - self._steady
        passed = max(0.0, passed)
        session.plugged_s += passed
        session.charging_s += passed if session.charging else 0.0
        session.since, self._steady = now.wall, now.steady

    def saved(self) -> dict[str, object] | None:
        """What the state file keeps of the session in progress."""
        return asdict(self._open) if self._open else None

    def restore(self, saved: object) -> None:
        """Go on with the session that an earlier run had open."""
        if not isinstance(saved, dict) or saved.keys() != {f.name for f in fields(_Open)}:
            return
        if all(isinstance(value, int | float | None) for value in saved.values()):
            self._open = _Open(**saved)
