"""An event loop that knows how long its longest turn was.

A timer that comes late tells of a stall only by chance: one that began just after it was set
may be over before it is due. Between two waits of the selector lies all that held up the loop.
"""

import asyncio
import selectors
from time import perf_counter


class _Selector(selectors.DefaultSelector):
    """Measures the time between its waits."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self._woke = perf_counter()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.longest = max(self.longest, perf_counter() - self._woke)
        ready = super().select(timeout)
        self._woke = perf_counter()
        return ready


class TurnLoop(asyncio.SelectorEventLoop):
    """To be made by `asyncio.Runner(loop_factory=TurnLoop)`."""

    def __init__(self) -> None:
        self._turns = _Selector()
        super().__init__(self._turns)

    def longest_turn(self) -> float:
        """Seconds of the longest turn since the last call."""
        longest, self._turns.longest = self._turns.longest, 0.0
        return longest


def longest_turn() -> float:
    """The running loop's longest turn since the last call; 0 for a loop that does not know."""
    loop = asyncio.get_running_loop()
    return loop.longest_turn() if isinstance(loop, TurnLoop) else 0.0
