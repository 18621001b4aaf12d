"""Exponential back-off: how long to wait before the next try."""

from collections.abc import Callable

MOST_DOUBLINGS = 30


def grown(first: float, most: float, failures: int) -> float:
    """Seconds after so many failures in a row: `first` after one, doubled with each further
    one, `most` at the most."""
    return min(most, first * 2.0 ** min(max(0, failures - 1), MOST_DOUBLINGS))


class Backoff:
    """Waits that grow from `first` to `most` seconds until something succeeds.

    `random` gives numbers from 0 to 1, so that many bridges do not come back together;
    `jitter` is the part of a wait that it may take away.
    """

    def __init__(
        self,
        random: Callable[[], float],
        *,
        first: float = 0.5,
        most: float = 60.0,
        jitter: float = 1.0,
    ) -> None:
        self._random = random
        self._first = first
        self._most = most
        self._jitter = jitter
        self._failures = 0

    def next(self, at_least: float | None = None) -> float:
        """Seconds to wait after one more failure; `at_least` is what the peer asked for."""
        self._failures += 1
        wait = grown(self._first, self._most, self._failures)
        return (at_least or 0.0) + wait * (1 - self._jitter * (1 - self._random()))

    def reset(self) -> None:
        """After a success: the next wait starts small again."""
        self._failures = 0
