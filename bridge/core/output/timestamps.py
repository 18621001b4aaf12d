"""Timestamps: arrival in milliseconds, made strictly increasing."""

from dataclasses import dataclass

from bridge.core.clock import STEP_SECONDS, Unix

STEP_MS = int(STEP_SECONDS * 1000)


@dataclass(slots=True)
class Timestamps:
    """The last timestamp of one charger in one measurement.

    A point that would share or precede the last timestamp by up to a minute gets the next
    millisecond, so that no point can overwrite another. A last timestamp further ahead came
    from a wrong clock: timestamps begin anew at the true time, where a point may replace one.
    """

    last: int = 0

    def next(self, unix: Unix) -> int:
        """The timestamp in milliseconds for an arrival at `unix` (Unix seconds)."""
        arrival = int(unix * 1000)
        moved = 0 <= self.last - arrival <= STEP_MS
        self.last = self.last + 1 if moved else arrival
        return self.last
