"""Goes round the whole fleet in short slices of time, which do not block the event loop."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from bridge.runtime.yielding import Yielding

SLICE_SECONDS = 0.005
_ITEMS_PER_CLOCK_CHECK = 16
"""Reading the clock for each item would cost too much."""

T = TypeVar("T")


class RoundRobin(Generic[T]):
    """Rounds over what `items` returns at the beginning of each round."""

    def __init__(self, items: Callable[[], Iterable[T]]) -> None:
        self._items = items
        self._remaining: deque[T] = deque()

    def begin_round(self) -> None:
        """Begin a new round, if the last one is done."""
        if not self._remaining:
            self._remaining.extend(self._items())

    def next(self, most: int, seconds: float) -> Iterator[T]:
        """The next items of this round: up to `most`, within so many seconds."""
        remaining, time_slice = self._remaining, Yielding(seconds)
        for number in range(1, min(most, len(remaining)) + 1):
            yield remaining.popleft()
            if number % _ITEMS_PER_CLOCK_CHECK == 0 and time_slice.spent:
                return
