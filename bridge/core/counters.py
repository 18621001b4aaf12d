"""Counters that never fall and never jump by a lifetime, whatever the device's own do.

A gateway that reboots during a charge reports 0 for some seconds, then the true total again.
Treating that as a reset would add the charger's whole lifetime. So a value that contradicts
the last one, because it fell or rose by more than is possible, is only believed once it is
confirmed: by a second `/status`, 30 s or more after the first, with commands answered by the
controller in between. Where no `/status` is available: by three readings over 90 s, none
falling, while the controller is running (its state is not 0). What was believed before is
remembered: a jump back to it is no growth.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self

from bridge.core.clock import NEVER, Unix
from bridge.core.doubt import Before, Doubt
from bridge.core.doubt import Witness as Witness

WRAP = 2.0**32
NO_VALUE = WRAP - 1
"""All bits set: how a gateway writes that it has no value."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How much a counter can rise: `burst` at once, and `per_second` while time passes.

    A fall of at most `slack` is ignored: two names of one total are rounded differently.
    """

    per_second: float
    burst: float
    slack: float = 0.0


class ResetProof:
    """One counter of one charger: the device's value in, a total that only rises out."""

    __slots__ = (
        "_before", "_burst", "_doubt", "_growth", "_last", "_since_rise", "_since_seen", "_unix",
        "believed", "exchanges", "offset", "total",
    )  # fmt: skip

    def __init__(self, growth: Growth) -> None:
        self._growth = growth
        self._burst = growth.burst
        self._last: float | None = None
        self.offset = 0.0
        """What the total has beyond the device's value; changes when the device's falls."""
        self._unix = NEVER
        self._since_rise = self._since_seen = 0.0
        """The most that can have been counted since the value rose, and since it was read."""
        self._doubt: Doubt | None = None
        self._before: Before | None = None
        self.total: float | None = None
        """In the device's unit; None until a value was believed."""
        self.believed = False
        """Whether the last reading agreed with the total, or was confirmed."""
        self.exchanges = 0
        """Times in this run that another value was confirmed that is no reset to 0."""

    @property
    def doubtful(self) -> int:
        """Readings in a row that contradict the total."""
        return 0 if self._doubt is None else self._doubt.readings

    def observe(
        self,
        value: float,
        unix: Unix,
        *,
        state: int | None,
        witness: Witness | None = None,
        alone: bool = True,
        possible: float | None = None,
        burst: float | None = None,
    ) -> float | None:
        """Record a reading that arrived at `unix`, in Unix seconds; returns the total.

        `witness` comes with a value of `/status`; `alone`: no `/status` is available.
        `possible` is the most that can have been counted since the reading before this one,
        and `burst` the most beyond it; None: by the growth.
        """
        if possible is None:
            possible = self._growth.per_second * max(0.0, unix - self._unix)
        self._burst = self._growth.burst if burst is None else burst
        self._add_room(possible)
        self._unix = unix
        last, self.believed = self._last, False
        if value == NO_VALUE:
            return self.total
        if last is not None and last - self._growth.slack <= value <= last:
            self._since_seen, self._doubt, self.believed = 0.0, None, True
        elif last is not None and last < value and self._jumps_back(value, last):
            self._return_to(value)
        elif self._fits(value, witness):
            self._believe(value)
        elif last is not None and value < last < NO_VALUE and self._allows(value + WRAP - last):
            # It wrapped at 32 bits; a state file may still hold a "no value" that was believed.
            self.offset += WRAP
            self._believe(value)
        elif state != 0:
            self._contradict(value, unix, witness, alone)
        return self.total

    def continue_from(self, readings: Sequence[tuple[float, float]]) -> None:
        """Continue from later readings, each with its total, newest first."""
        newest = max((total for _, total in readings), default=0.0)
        if not readings or newest <= (self.total or 0.0):
            return
        slack = max(1e-3, self._growth.slack)
        same = any(abs(total - value - self.offset) <= slack for value, total in readings)
        self._last = newest - self.offset if same else readings[0][0]
        self.offset, self.total = newest - self._last, newest

    def _add_room(self, possible: float) -> None:
        self._since_rise += possible
        self._since_seen += possible
        if self._doubt is not None:
            self._doubt.room += possible
            self._doubt.possible += possible
        if self._before is not None:
            self._before.possible += possible

    def _allows(self, risen: float) -> bool:
        """Whether it can have risen by so much since it last rose."""
        return 0 <= risen <= self._burst + self._since_rise

    def _fits(self, value: float, witness: Witness | None) -> bool:
        if self._last is None:
            return value > 0 or (witness is not None and witness.measured)
        return self._allows(value - self._last)

    def _jumps_back(self, value: float, last: float) -> bool:
        """Whether it rises at once, not gradually, to what was believed before it fell."""
        before = self._before
        if before is None or not self._was_before(value):
            return False
        return value - last > self._burst + self._since_seen or before.jumps(last, value)

    def _was_before(self, value: float) -> bool:
        before, slack = self._before, self._growth.slack
        return before is not None and before.comes_back(value, self._burst, slack)

    def _contradict(self, value: float, unix: Unix, witness: Witness | None, alone: bool) -> None:
        doubt = self._doubt
        if doubt is not None and doubt.continued_by(value, unix, self._burst):
            doubt.add(value, unix)
        else:
            doubt = self._doubt = Doubt(value, value, unix, unix, self._since_seen)
        confirmed_by_status = witness is not None and doubt.confirmed(unix, witness)
        if confirmed_by_status or (alone and doubt.confirmed_by_time(unix)):
            if self._was_before(doubt.value):
                self._return_to(doubt.value)
            else:
                self._restart_from(doubt)

    def _believe(self, value: float) -> None:
        before = self._before
        if before is not None and before.base < before.value < value:
            self._before = None
        self._last, self._doubt, self.believed = value, None, True
        self._since_rise = self._since_seen = 0.0
        # max(): a new offset may round the sum down by its last digit.
        self.total = max(self.offset + value, self.total or 0.0)

    def _return_to(self, value: float) -> None:
        """The value of before is back: what was counted meanwhile is not counted again."""
        before, total, self._before = self._before, self.total or 0.0, None
        if before is not None:
            missed = before.total + value - before.value - total
            total += max(0.0, min(missed, self._burst + self._since_rise))
        self.offset = total - value
        self._believe(value)

    def _restart_from(self, doubt: Doubt) -> None:
        """The device counts from another value now: a reset, or another controller.

        What it has counted since is added if it can have been counted in that time; more than
        the growth's burst is more likely another controller's lifetime.
        """
        total, last = self.total, self._last
        if total is not None and last is not None:
            fell = doubt.value < last
            from_zero = fell and doubt.first <= min(self._growth.burst, doubt.before)
            grown = min(doubt.value - doubt.first, doubt.possible + self._burst)
            grown += doubt.first if from_zero else 0.0
            if self._before is None or self._before.value <= last:
                possible = doubt.before + doubt.possible
                self._before = Before(last, total, doubt.first, possible)
            self.exchanges += not from_zero
            self.offset = total + grown - doubt.value
        self._believe(doubt.value)

    def saved(self) -> list[float] | None:
        """What the state file keeps: last value, offset, time of the last reading, total, the
        most that can have been counted since it rose; and what was believed before."""
        if self._last is None or self.total is None:
            return None
        kept = [self._last, self.offset, self._unix, self.total, self._since_rise]
        return kept if self._before is None else [*kept, *astuple(self._before)]

    @classmethod
    def restored(cls, growth: Growth, saved: object) -> Self:
        """The counter as it was saved; a new one where nothing usable was saved."""
        counter = cls(growth)
        if isinstance(saved, list) and len(saved) in {4, 5, 9}:
            last, offset, unix, total, *rest = (float(part) for part in saved)
            counter._last, counter.offset, counter.total = last, offset, total
            counter._unix = Unix(unix)
            counter._since_rise = rest[0] if rest else 0.0
            counter._before = Before(*rest[1:]) if len(rest) > 1 else None
        return counter
