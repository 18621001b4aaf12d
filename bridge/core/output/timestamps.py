"""Stamps: arrival in milliseconds, made strictly increasing."""

from dataclasses import dataclass

from bridge.core.clock import Unix


@dataclass(slots=True)
class Timestamps:
    """The last stamp of one charger in one measurement.

    A point that would share or precede the last stamp gets the next millisecond, also
    after the clock stepped back, so that no point can overwrite another.
    """

    last: int = 0

    def next(self, unix: Unix) -> int:
        """The stamp in milliseconds for something that arrived at `unix` (Unix seconds)."""
        arrival = int(unix * 1000)
        self.last = arrival if arrival > self.last else self.last + 1
        return self.last
