"""Whom a charger was told to be confused with, so that it is told once and not each time."""

from dataclasses import dataclass

AGAIN_SECONDS = 86_400.0
"""So long without it, and it is told again."""


@dataclass(slots=True)
class Rivalry:
    """The other one's id, and when the two met last, in Unix seconds."""

    other: str | None = None
    met_unix: float = 0.0

    def meet(self, other: str, wall: float) -> bool:
        """They meet; True where that is to be told."""
        anew = self.other != other or wall - self.met_unix > AGAIN_SECONDS
        self.other, self.met_unix = other, wall
        return anew
