"""Whom a charger was told to be confused with, so that it is told once and not each time."""

from dataclasses import dataclass

from bridge.core.clock import NEVER, Unix

AGAIN_SECONDS = 86_400.0
"""So long without it, and it is told again."""


@dataclass(slots=True)
class Rivalry:
    """The other one's id, and when the two met last, in Unix seconds."""

    other: str | None = None
    met_unix: Unix = NEVER

    def meet(self, other: str, unix: Unix) -> bool:
        """They meet; True where that is to be told."""
        anew = self.other != other or unix - self.met_unix > AGAIN_SECONDS
        self.other, self.met_unix = other, unix
        return anew
