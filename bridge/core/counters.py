"""Counters that never fall and never jump by a lifetime, whatever the device's own do.

A gateway that reboots during a charge says 0 for some seconds, then the true total again.
A counter that took that for a reset would add the charger's whole lifetime. So a value
that contradicts the last one is only believed when it stands: after three readings over
90 s, none falling, while the controller speaks (its state is not 0).
"""

from dataclasses import dataclass
from typing import Self

BELIEF_READINGS = 3
BELIEF_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Growth:
    """How much a counter can rise: `burst` at once, and `per_second` while time passes."""

    per_second: float
    burst: float

    def allows(self, risen: float, seconds: float) -> bool:
        """Whether a counter can have risen by so much in that time."""
        return 0 <= risen <= self.burst + self.per_second * max(0.0, seconds)


@dataclass(slots=True)
class _Doubt:
    """A run of readings that contradict the believed one."""

    first: float
    value: float
    since: float
    latest: float
    readings: int = 1

    def add(self, value: float, at: float, growth: Growth) -> "_Doubt":
        """The run with one more reading; one that does not fit, or a clock that was set
        back, starts anew."""
        if at < self.latest or not growth.allows(value - self.value, at - self.latest):
            return _Doubt(value, value, at, at)
        return _Doubt(self.first, value, self.since, at, self.readings + 1)

    def stands(self, at: float) -> bool:
        return self.readings >= BELIEF_READINGS and at - self.since >= BELIEF_SECONDS


class ResetProof:
    """One counter of one charger: the device's value in, a total that only rises out."""

    __slots__ = ("_at", "_doubt", "_growth", "_last", "offset", "total")

    def __init__(self, growth: Growth) -> None:
        self._growth = growth
        self._last: float | None = None
        self.offset = 0.0
        """What the total has beyond the device's value; changes when the device's falls."""
        self._at = 0.0
        self._doubt: _Doubt | None = None
        self.total: float | None = None
        """In the device's unit; None until a value was believed."""

    def take(self, value: float, at: float, *, state: int | None) -> float | None:
        """Take a reading that arrived at `at`; returns the total."""
        if value == self._last and self._doubt is None:
            self._at = at
        elif self._fits(value, at):
            self._believe(value, at)
        elif state != 0:
            doubt = self._doubt
            doubt = doubt.add(value, at, self._growth) if doubt else _Doubt(value, value, at, at)
            self._doubt = doubt
            if doubt.stands(at):
                self._rebase(doubt, at)
        return self.total

    def _fits(self, value: float, at: float) -> bool:
        if self._last is None:
            return value > 0
        return self._growth.allows(value - self._last, at - self._at)

    def _possible(self, at: float) -> float:
        return self._growth.per_second * max(0.0, at - self._at)

    def _believe(self, value: float, at: float) -> None:
        self._last, self._at, self._doubt = value, at, None
        # max(): a new offset may round the sum down by its last digit.
        self.total = max(self.offset + value, self.total or 0.0)

    def _rebase(self, doubt: _Doubt, at: float) -> None:
        """The device counts from elsewhere now: a reset, or another controller.

        What it counted since is added where it can have been counted in that time.
        """
        before = self.total
        if before is not None:
            fell = doubt.value < (self._last or 0.0)
            from_zero = fell and doubt.value <= self._possible(at)
            grown = doubt.value if from_zero else doubt.value - doubt.first
            self.offset = before + grown - doubt.value
        self._believe(doubt.value, at)

    def saved(self) -> list[float] | None:
        """What the state file keeps: last value, offset, time of the last value, total."""
        if self._last is None or self.total is None:
            return None
        return [self._last, self.offset, self._at, self.total]

    @classmethod
    def restored(cls, growth: Growth, saved: object) -> Self:
        """The counter as it was saved; a new one where nothing usable was."""
        counter = cls(growth)
        if isinstance(saved, list) and len(saved) == 4:
            last, offset, at, total = (float(part) for part in saved)
            counter._last, counter.offset, counter._at, counter.total = last, offset, at, total
        return counter
