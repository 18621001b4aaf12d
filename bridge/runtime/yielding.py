"""Long work on the event loop, done in short slices of time."""

import asyncio
import time

SLICE_SECONDS = 0.002


class Yielding:
    """Measures a slice of time, and yields to other tasks when it is used up."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = SLICE_SECONDS if seconds is None else seconds
        self._until = time.perf_counter() + self._seconds

    @property
    def spent(self) -> bool:
        """Whether the slice is used up."""
        return time.perf_counter() >= self._until

    async def due(self) -> None:
        """Call it between small pieces of work; shared state may change meanwhile."""
        if self.spent:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + self._seconds
