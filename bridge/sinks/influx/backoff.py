"""How long to wait before the next try: exponential, with full jitter."""

from collections.abc import Callable


class Backoff:
    """Waits grow from `first` to `most` seconds until something succeeds.

    `random` gives numbers from 0 to 1, so that many bridges do not come back together.
    """

    def __init__(
        self, random: Callable[[], float], *, first: float = 0.5, most: float = 60.0
    ) -> None:
        self._random = random
        self._first = first
        self._most = most
        self._ceiling = first

    def next(self, at_least: float | None = None) -> float:
        """Seconds to wait now; `at_least` is what the other side asked for."""
        wait = self._ceiling * self._random()
        self._ceiling = min(self._most, self._ceiling * 2)
        return (at_least or 0.0) + wait

    def reset(self) -> None:
        """It worked: the next failure starts small again."""
        self._ceiling = self._first
