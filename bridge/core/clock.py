"""A moment on two clocks, each with a type of its own: they are never compared or mixed."""

from dataclasses import dataclass
from typing import NewType, Self

Unix = NewType("Unix", float)
"""Seconds since 1970 by the wall clock, for stamps: it may step."""
Steady = NewType("Steady", float)
"""Seconds that only go forward, for durations: they begin anywhere."""
NEVER = Unix(0.0)


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment by both."""

    unix: Unix
    steady: Steady

    @classmethod
    def of(cls, unix: float, steady: float) -> Self:
        """From two plain numbers."""
        return cls(Unix(unix), Steady(steady))
