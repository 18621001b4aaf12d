"""Slows all queries down while the broker delivers none of them.

Its access rules may forbid publishing; some brokers even disconnect a client that tries. Then
the fleet is not queried charger by charger, but with a single query now and then.
"""

from bridge.core.backoff import grown
from bridge.core.clock import Steady

TRIES = 3
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0


class QueryBackoff:
    """Observes how each query ends; times are steady seconds."""

    def __init__(self) -> None:
        self._lost = 0
        self._until = 0.0

    def ended(self, delivered: bool, now: Steady) -> None:
        """A query ended; `delivered`: the broker delivered it."""
        if delivered:
            self._lost, self._until = 0, 0.0
            return
        if self.paused(now):
            # They were in flight together: one lost connection loses them all.
            return
        self._lost += 1
        if self._lost >= TRIES:
            self._until = now + grown(FIRST_PAUSE, LONGEST_PAUSE, self._lost - TRIES + 1)

    def paused(self, now: Steady) -> bool:
        """Whether no query is sent for now."""
        return now < self._until

    def limit(self, at_once: int, now: Steady) -> int:
        """How many queries may be in flight."""
        if self.paused(now):
            return 0
        return 1 if self._lost else at_once
