"""Simulated time: seconds since the start, `speed` times as fast as real time."""

import asyncio
import time


class Clock:
    """Both clocks are derived from one start, so that a wall-clock step has no effect."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._started = time.monotonic()
        self._started_unix = time.time()

    def now(self) -> float:
        """Simulated seconds since the start."""
        return (time.monotonic() - self._started) * self.speed

    def unix(self, at: float) -> float:
        """The real Unix time of a simulated moment."""
        return self._started_unix + at / self.speed

    async def until(self, at: float) -> None:
        """Sleep until a simulated moment; one that is past yields once."""
        while True:
            await asyncio.sleep(max(0.0, at - self.now()) / self.speed)
            if self.now() >= at:
                return

    async def rest(self, seconds: float) -> None:
        """Sleep for simulated seconds."""
        await asyncio.sleep(seconds / self.speed)
