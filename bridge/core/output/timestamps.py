"""Timestamps: arrival in milliseconds, made strictly increasing."""

from dataclasses import dataclass

from bridge.core.clock import Unix


@dataclass(slots=True)
class Timestamps:
    """The last timestamp of one charger in one measurement.

    A point that would share or precede the last timestamp gets the next millisecond, also
    after the clock stepped back, so that no point can overwrite another.
    """

    last: int = 0

    def next(self, unix: Unix) -> int:
        """The timestamp in milliseconds for an arrival at `unix` (Unix seconds)."""
        arrival = int(unix * 1000)
        self.last = arrival if arrival > self.last else self.last + 1
        return self.last
