"""What the bridge reads from files and disks over and over, off the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bridge.core.errors import SYSTEM_FAILURES
from bridge.logs import RepeatedLog
from bridge.runtime.blocking_call import LastValue

T = TypeVar("T")
REFRESH_SECONDS = 2.0
TIMEOUT_SECONDS = 1.0


class DiskValues:
    """Reads each value every two seconds, and before each scrape. A disk that hangs leaves the
    last value, and delays none of the others."""

    def __init__(self, repeated_log: RepeatedLog) -> None:
        self._repeated_log = repeated_log
        self._refreshes: dict[str, Callable[[], Awaitable[None]]] = {}

    def add(self, name: str, call: Callable[[], T], initial: T) -> LastValue[T]:
        """Keep the result of this call, which must not raise."""
        value = LastValue(call, initial, timeout=TIMEOUT_SECONDS)
        self._refreshes[name] = value.refresh
        return value

    async def refresh(self) -> None:
        """Read all values once, within a second."""
        await asyncio.gather(*(self._refresh(name) for name in self._refreshes))

    async def run(self) -> None:
        """Read them again and again until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name in self._refreshes:
                group.create_task(self._keep(name), name=name)

    async def _keep(self, name: str) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self._refresh(name)

    async def _refresh(self, name: str) -> None:
        try:
            await self._refreshes[name]()
        except SYSTEM_FAILURES as error:
            self._repeated_log.report(
                "disk.hangs", about="value", value=name, why=type(error).__name__
            )
