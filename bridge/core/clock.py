"""A moment on two clocks, each with a type of its own so that they never mix, and its text."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NewType, Self

Unix = NewType("Unix", float)
"""Seconds since 1970 by the wall clock, for timestamps: it may step."""
Steady = NewType("Steady", float)
"""Seconds that never go back, for durations; their zero is arbitrary. They count the time in
which the host was suspended, where the system has such a clock."""
NEVER = Unix(0.0)
PLAUSIBLE_FROM = Unix(1_577_836_800.0)
"""2020: a clock that is before it has not been set."""
STEP_SECONDS = 60.0
"""A wall clock that moved by more against the steady one has stepped."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on both clocks."""

    unix: Unix
    steady: Steady

    @classmethod
    def of(cls, unix: float, steady: float) -> Self:
        """From two plain numbers."""
        return cls(Unix(unix), Steady(steady))


def rfc3339(unix: float) -> str | None:
    """The time in UTC with milliseconds; None for 0, which stands for never."""
    if not unix:
        return None
    moment = datetime.fromtimestamp(unix, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
