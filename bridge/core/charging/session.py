"""A session in progress: a car at the charger, and what it took so far."""

from dataclasses import asdict, dataclass, fields

from bridge.core.clock import NEVER, Unix
from bridge.core.model import ChargerId, Session

MOST_WATTS = 100_000.0
ALLOWANCE_WH = 500.0
_UNKNOWN = frozenset({"energy_from", "meter_from"})
"""What may be None."""


@dataclass(slots=True)
class OpenSession:
    """`start` is 0 until the car charges, `end` until it left; times in Unix seconds.

    `whole`: the bridge saw it begin, so that the session's own meter began at 0 in it.
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
    """When current flowed last."""
    gap_from: Unix = NEVER
    """Since when none had flowed, where it flows again after a long time."""
    peak_a: float = 0.0
    peak_w: float = 0.0
    charging: bool = False
    whole: bool = False

    def leave(self, end: Unix, unix: Unix) -> None:
        """It ended at `end`, as is known only now."""
        over = max(0.0, unix - max(end, self.start))
        self.end = max(end, self.start)
        self.plugged_s = max(0.0, self.plugged_s - over)
        if self.charging:
            self.charging_s = max(0.0, self.charging_s - over)

    def finished(self, charger: ChargerId, energy_wh: float | None) -> Session:
        """The session as it is kept; `energy_wh` is the charger's total now."""
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
        """What the total rose by."""
        known = energy_wh is not None and self.energy_from is not None
        return (energy_wh or 0.0) - (self.energy_from or 0.0) if known else 0.0

    def _metered(self) -> float:
        """What the session's own meter says, where that can be."""
        metered = self.meter - self.meter_from if self.meter_from is not None else 0.0
        possible = ALLOWANCE_WH + MOST_WATTS * self.plugged_s / 3600
        return metered if metered <= possible else 0.0

    def saved(self) -> dict[str, object]:
        """What the state file keeps."""
        return asdict(self)


def restored(saved: object) -> OpenSession | None:
    """The session as an earlier run kept it, or None; an earlier version kept less of it."""
    if not isinstance(saved, dict) or "since" not in saved:
        return None
    if saved.keys() <= {f.name for f in fields(OpenSession)} and all(
        isinstance(value, int | float) or (value is None and name in _UNKNOWN)
        for name, value in saved.items()
    ):
        return OpenSession(**saved)
    return None
