"""Counters that never fall and never jump by a lifetime, whatever the device's own do.

A gateway that reboots during a charge reports 0 for some seconds, then the true total again.
Treating that as a reset would add the charger's whole lifetime. So a value that contradicts
the last one is only believed once it is confirmed: by a second `/status`, 30 s or more after
the first, with commands answered by the controller in between. Where no `/status` is
available: by three readings over 90 s, none falling, while the controller is running (its
state is not 0).
"""

from dataclasses import dataclass
from typing import Self

from bridge.core.clock import NEVER, Unix

BELIEF_READINGS = 3
BELIEF_SECONDS = 90.0
WITNESS_SECONDS = 30.0
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

    def allows(self, risen: float, seconds: float) -> bool:
        """Whether a counter can have risen by so much in that time."""
        return 0 <= risen <= self.burst + self.per_second * max(0.0, seconds)


@dataclass(frozen=True, slots=True)
class Witness:
    """Evidence for the values of one `/status`.

    `commands` is comm_success, `boots` is boot_count. `measured`: the document has the
    controller's totals, or the value is the gateway's own: a 0 in it is a true 0.
    """

    commands: float | None = None
    boots: float | None = None
    measured: bool = False

    def confirms(self, earlier: "Witness") -> bool:
        """The controller has answered commands since, with no boot in between."""
        return (
            self.commands is not None
            and earlier.commands is not None
            and self.boots == earlier.boots
            and self.commands > earlier.commands
        )


@dataclass(slots=True)
class _Doubt:
    """A run of readings that contradict the believed one."""

    first: float
    value: float
    since: Unix
    latest: Unix
    readings: int = 1
    witness: Witness | None = None
    witnessed: Unix = NEVER

    def add(self, value: float, unix: Unix, growth: Growth) -> "_Doubt":
        """The run with one more reading; a reading that does not fit it, or a clock that was
        set back, starts a new run."""
        if unix < self.latest or not growth.allows(value - self.value, unix - self.latest):
            return _Doubt(value, value, unix, unix)
        return _Doubt(
            self.first, value, self.since, unix, self.readings + 1, self.witness, self.witnessed
        )

    def confirmed_by_time(self, unix: Unix) -> bool:
        return self.readings >= BELIEF_READINGS and unix - self.since >= BELIEF_SECONDS

    def confirmed(self, unix: Unix, witness: Witness) -> bool:
        """Whether this `/status` confirms an earlier one."""
        earlier = self.witness
        if earlier is None or (unix - self.witnessed >= WITNESS_SECONDS and witness != earlier):
            if earlier is not None and witness.confirms(earlier):
                return True
            self.witness, self.witnessed = witness, unix
        return False


class ResetProof:
    """One counter of one charger: the device's value in, a total that only rises out."""

    __slots__ = ("_doubt", "_growth", "_last", "_unix", "offset", "total")

    def __init__(self, growth: Growth) -> None:
        self._growth = growth
        self._last: float | None = None
        self.offset = 0.0
        """What the total has beyond the device's value; changes when the device's falls."""
        self._unix = NEVER
        self._doubt: _Doubt | None = None
        self.total: float | None = None
        """In the device's unit; None until a value was believed."""

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
    ) -> float | None:
        """Record a reading that arrived at `unix`, in Unix seconds; returns the total.

        `witness` comes with a value of `/status`; `alone`: no `/status` is available.
        """
        last = self._last
        if value == NO_VALUE:
            return self.total
        if last is not None and last - self._growth.slack <= value <= last:
            self._unix, self._doubt = unix, None
        elif self._fits(value, unix, witness):
            self._believe(value, unix)
        elif last is not None and self._wrapped(value, unix):
            self.offset += WRAP
            self._believe(value, unix)
        elif state != 0:
            self._contradict(value, unix, witness, alone)
        return self.total

    def _contradict(self, value: float, unix: Unix, witness: Witness | None, alone: bool) -> None:
        doubt = self._doubt
        doubt = doubt.add(value, unix, self._growth) if doubt else _Doubt(value, value, unix, unix)
        self._doubt = doubt
        confirmed_by_status = witness is not None and doubt.confirmed(unix, witness)
        if confirmed_by_status or (alone and doubt.confirmed_by_time(unix)):
            self._restart_from(doubt, unix)

    def _fits(self, value: float, unix: Unix, witness: Witness | None) -> bool:
        if self._last is None:
            return value > 0 or (witness is not None and witness.measured)
        return self._growth.allows(value - self._last, unix - self._unix)

    def _wrapped(self, value: float, unix: Unix) -> bool:
        """It wrapped at 32 bits; a state file may still hold a "no value" that was believed."""
        last = self._last or 0.0
        return value < last < NO_VALUE and self._growth.allows(
            value + WRAP - last, unix - self._unix
        )

    def _possible(self, unix: Unix) -> float:
        """The most that can have been counted from 0 since the last believed reading; more
        than a burst is more likely another controller's lifetime."""
        growth = self._growth
        return min(growth.burst, growth.per_second * max(0.0, unix - self._unix))

    def _believe(self, value: float, unix: Unix) -> None:
        self._last, self._unix, self._doubt = value, unix, None
        # max(): a new offset may round the sum down by its last digit.
        self.total = max(self.offset + value, self.total or 0.0)

    def _restart_from(self, doubt: _Doubt, unix: Unix) -> None:
        """The device counts from another value now: a reset, or another controller.

        What it has counted since is added if it can have been counted in that time.
        """
        before = self.total
        if before is not None:
            fell = doubt.value < (self._last or 0.0)
            from_zero = fell and doubt.first <= self._possible(doubt.since)
            grown = doubt.value if from_zero else doubt.value - doubt.first
            self.offset = before + grown - doubt.value
        self._believe(doubt.value, unix)

    def saved(self) -> list[float] | None:
        """What the state file keeps: last value, offset, time of the last value, total."""
        if self._last is None or self.total is None:
            return None
        return [self._last, self.offset, self._unix, self.total]

    @classmethod
    def restored(cls, growth: Growth, saved: object) -> Self:
        """The counter as it was saved; a new one where nothing usable was saved."""
        counter = cls(growth)
        if isinstance(saved, list) and len(saved) == 4:
            last, offset, unix, total = (float(part) for part in saved)
            counter._last, counter.offset, counter.total = last, offset, total
            counter._unix = Unix(unix)
        return counter
