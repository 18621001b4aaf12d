"""Long work on the event loop, done in short turns."""

import asyncio
import time

TURN_SECONDS = 0.002


class Yielding:
    """Lets others have the loop once a turn's time is used up."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + TURN_SECONDS

    async def due(self) -> None:
        """Call it between small pieces of work; what is shared may change meanwhile."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + TURN_SECONDS
