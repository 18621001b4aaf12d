"""An event loop that measures its longest turn.

A timer that is late shows a stall only by chance: a stall may begin after the timer was set
and end before it is due. The time between two waits of the selector includes every stall.
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
    """For `asyncio.Runner(loop_factory=TurnLoop)`."""

    def __init__(self) -> None:
        self._turns = _Selector()
        super().__init__(self._turns)

    def longest_turn(self) -> float:
        """The longest turn since the last call, in seconds."""
        longest, self._turns.longest = self._turns.longest, 0.0
        return longest


def longest_turn() -> float:
    """The running loop's longest turn since the last call; 0 for a loop that does not measure."""
    loop = asyncio.get_running_loop()
    return loop.longest_turn() if isinstance(loop, TurnLoop) else 0.0
