"""Silence: how long a charger was not heard while the bridge could hear."""

from bridge.core.clock import Steady
from bridge.core.discovery.charger import Charger

LONGEST_GAP_SECONDS = 10.0
"""In a longer gap between two observations the process did not run, and heard nothing."""
SAVE_STEPS = 100
"""How often the silence is saved on the way to retirement."""
SHORTEST_SAVE_SECONDS = 60.0


class ListeningTime:
    """Sums the seconds of this run in which messages could arrive; it never falls."""

    __slots__ = ("_last", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self._last: Steady | None = None

    def observe(self, hears: bool, steady: Steady) -> None:
        """Record whether the bridge is connected and subscribed now, several times a second."""
        last, self._last = self._last, steady if hears else None
        if hears and last is not None and 0.0 < steady - last <= LONGEST_GAP_SECONDS:
            self.seconds += steady - last


def observe_silence(charger: Charger, listened: float) -> None:
    """Add to a charger's silence what the bridge listened since the last call, unless it was
    heard since; `listened` is the listening time of this run."""
    spoke = max(charger.heard_steady or 0.0, charger.polled_steady or 0.0)
    if spoke != charger.spoke_steady:
        charger.spoke_steady, charger.silent_s = spoke, 0.0
    elif charger.listened is not None:
        charger.silent_s += max(0.0, listened - charger.listened)
    charger.listened = listened


def save_due(before: float, after: float, retire_after: float) -> bool:
    """Whether a silence that grew so far is worth saving: a restart must not begin it anew."""
    step = max(SHORTEST_SAVE_SECONDS, retire_after / SAVE_STEPS)
    return int(before / step) != int(after / step)
