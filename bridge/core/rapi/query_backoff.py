"""Slows all queries down while the broker passes none of them on.

Its rules may not let us publish; some brokers even hang up on who tries. Then the fleet is
not asked one charger after the other, but a single one now and then.
"""

from bridge.core.backoff import grown
from bridge.core.clock import Steady

TRIES = 3
FIRST_REST, LONGEST_REST = 60.0, 3600.0


class QueryBackoff:
    """Told how each query ended; times are steady seconds."""

    def __init__(self) -> None:
        self._lost = 0
        self._until = 0.0

    def ended(self, passed_on: bool, now: Steady) -> None:
        """A query ended; the broker passed it on, or nobody heard of it."""
        if passed_on:
            self._lost, self._until = 0, 0.0
            return
        if self.resting(now):
            # They were on their way together, and one lost connection took all of them.
            return
        self._lost += 1
        if self._lost >= TRIES:
            self._until = now + grown(FIRST_REST, LONGEST_REST, self._lost - TRIES + 1)

    def resting(self, now: Steady) -> bool:
        """Whether nothing is asked for a while."""
        return now < self._until

    def most(self, at_once: int, now: Steady) -> int:
        """How many queries may be on their way."""
        if self.resting(now):
            return 0
        return 1 if self._lost else at_once
