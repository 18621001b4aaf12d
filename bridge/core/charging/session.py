"""A session in progress: a car at the charger, and its charge so far."""

from dataclasses import asdict, dataclass, fields

from bridge.core.clock import NEVER, Unix
from bridge.core.clock_steps import ClockStep
from bridge.core.model import ChargerId, Session

MOST_WATTS = 100_000.0
ALLOWANCE_WH = 500.0
_UNKNOWN = frozenset({"energy_from", "meter_from"})
"""Fields that may be None."""


@dataclass(slots=True)
class OpenSession:
    """`start` is 0 until the car charges, `end` until it leaves; times in Unix seconds.

    `whole`: the bridge saw it begin, so that the session's own meter began at 0.
    """

    since: Unix
    start: Unix = NEVER
    end: Unix = NEVER
    charging_s: float = 0.0
    plugged_s: float = 0.0
    energy_from: float | None = None
    meter_from: float | None = None
    meter: float = 0.0
    elapsed: float = 0.0
    current_at: Unix = NEVER
    """The last time current flowed."""
    gap_from: Unix = NEVER
    """The start of a long time without current, once current flows again."""
    peak_a: float = 0.0
    peak_w: float = 0.0
    charging: bool = False
    whole: bool = False

    def leave(self, end: Unix, unix: Unix) -> None:
        """End it at `end`, which is known only now."""
        over = max(0.0, unix - max(end, self.start))
        self.end = max(end, self.start)
        self.plugged_s = max(0.0, self.plugged_s - over)
        if self.charging:
            self.charging_s = max(0.0, self.charging_s - over)

    def clock_stepped(self, step: ClockStep) -> None:
        """The wall clock was set: correct the times that the wrong one gave."""
        self.since, self.start = step.corrected(self.since), step.corrected(self.start)
        self.end, self.current_at = step.corrected(self.end), step.corrected(self.current_at)
        self.gap_from = step.corrected(self.gap_from)
        if self.start:
            # Its durations across a restart were measured with the wrong clock.
            span = max(0.0, self.since - self.start)
            if self.plugged_s > span:
                self.plugged_s = max(span, self.plugged_s + min(0.0, step.seconds))
            self.charging_s = min(self.charging_s, span)

    def finished(self, charger: ChargerId, energy_wh: float | None) -> Session:
        """The finished session; `energy_wh` is the charger's total now."""
        return Session(
            charger=charger,
            start=self.start,
            end=self.end,
            charging_s=round(self.charging_s, 3),
            plugged_s=round(self.plugged_s, 3),
            energy_wh=max(0.0, self._grown(energy_wh), self._metered()),
            peak_a=self.peak_a,
            peak_w=self.peak_w,
        )

    def _grown(self, energy_wh: float | None) -> float:
        """The rise of the charger's total, in Wh."""
        known = energy_wh is not None and self.energy_from is not None
        return (energy_wh or 0.0) - (self.energy_from or 0.0) if known else 0.0

    def _metered(self) -> float:
        """The energy by the session's own meter, in Wh; 0 where it is impossible."""
        metered = self.meter - self.meter_from if self.meter_from is not None else 0.0
        possible = ALLOWANCE_WH + MOST_WATTS * self.plugged_s / 3600
        return metered if metered <= possible else 0.0

    def saved(self) -> dict[str, object]:
        """What the state file keeps."""
        return asdict(self)


def restored(saved: object) -> OpenSession | None:
    """The session that an earlier run saved, or None; earlier versions saved fewer fields."""
    if not isinstance(saved, dict) or "since" not in saved:
        return None
    if saved.keys() <= {f.name for f in fields(OpenSession)} and all(
        isinstance(value, int | float) or (value is None and name in _UNKNOWN)
        for name, value in saved.items()
    ):
        return OpenSession(**saved)
    return None
