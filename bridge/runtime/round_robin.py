"""Going round the whole fleet in slices of time that hold nobody up."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from bridge.runtime.yielding import Yielding

SLICE_SECONDS = 0.005
_LOOKED_AFTER = 16
"""Items between two looks at the clock."""

T = TypeVar("T")


class RoundRobin(Generic[T]):
    """Rounds over all that `everyone` names when each begins."""

    def __init__(self, everyone: Callable[[], Iterable[T]]) -> None:
        self._everyone = everyone
        self._left: deque[T] = deque()

    def begin_round(self) -> None:
        """Begin a new round, if the last one is done."""
        if not self._left:
            self._left.extend(self._everyone())

    def next(self, most: int, seconds: float) -> Iterator[T]:
        """The next ones of this round: up to `most`, until so much time has passed."""
        left, time_slice = self._left, Yielding(seconds)
        for number in range(1, min(most, len(left)) + 1):
            yield left.popleft()
            if number % _LOOKED_AFTER == 0 and time_slice.spent:
                return
