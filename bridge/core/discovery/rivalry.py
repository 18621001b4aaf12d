"""Whom a charger was told to be confused with, so that it is told once and not each time."""

from dataclasses import dataclass

AGAIN_SECONDS = 86_400.0
"""So long without it, and it is told again."""


@dataclass(slots=True)
class Rivalry:
    """The other one's id, and when the two met last, in Unix seconds."""

    other: str | None = None
    at: float = 0.0

    def anew(self, other: str, wall: float) -> bool:
        """They meet; True where that is to be told."""
        anew = self.other != other or wall - self.at > AGAIN_SECONDS
        self.other, self.at = other, wall
        return anew
