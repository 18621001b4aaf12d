"""Long work on the event loop, done in short slices of time."""

import asyncio
import time

SLICE_SECONDS = 0.002


class Yielding:
    """Knows when a slice of time is used up, and lets others have the loop then."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = SLICE_SECONDS if seconds is None else seconds
        self._until = time.perf_counter() + self._seconds

    @property
    def spent(self) -> bool:
        """Whether the slice is used up."""
        return time.perf_counter() >= self._until

    async def due(self) -> None:
        """Call it between small pieces of work; what is shared may change meanwhile."""
        if self.spent:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + self._seconds
