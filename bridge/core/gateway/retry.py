"""When a page is requested again whose answer was early or could not be read."""

from math import inf

from bridge.core.backoff import grown
from bridge.core.clock import Steady

FIRST_SECONDS, MOST_SECONDS = 60.0, 86_400.0


class Retry:
    """Due at once, after each failure later, and never again once it is done."""

    __slots__ = ("_due_steady", "_failures")

    def __init__(self, *, due: bool) -> None:
        self._due_steady = 0.0 if due else inf
        self._failures = 0

    def due(self, steady: Steady) -> bool:
        """Whether the page is worth requesting now."""
        return steady >= self._due_steady

    def begin(self) -> None:
        """The page is worth requesting from now on."""
        self._due_steady, self._failures = 0.0, 0

    def failed(self, steady: Steady, *, permanent: bool = False) -> None:
        """The answer was of no use; `permanent`: only another firmware will have a better one."""
        self._failures += 1
        wait = grown(FIRST_SECONDS, MOST_SECONDS, self._failures)
        self._due_steady = steady + (MOST_SECONDS if permanent else wait)

    def done(self) -> None:
        """The answer was good."""
        self._due_steady, self._failures = inf, 0
