"""What all chargers' connections share: a few threads for connecting, one ticker."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from bridge.sim.link import Link
from bridge.sim.note import LinkTrouble

_THREADS = 8
_TICK_SECONDS = 5.0


Tell = Callable[[str], None]
"""Is told a sentence."""


def ignored(_sentence: str) -> None:
    """Nobody listens."""


class Switchboard:
    """A context: leaving it gives the threads back without waiting for hosts that do not answer.

    `tell` hears, in a sentence, that the first charger could not connect, and when one can.
    """

    def __init__(self, tell: Tell = ignored) -> None:
        self._tell = tell
        self._reached: bool | None = None
        """None until a charger tried."""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sim-connect")
        self._links: set[Link] = set()

    async def connect(self, link: Link) -> None:
        """Raises LinkTrouble; at most eight chargers connect at a time."""
        try:
            await link.connect(self._threads)
        except LinkTrouble as trouble:
            if self._reached is None:
                self._reached = False
                self._tell(f"no charger can connect, they go on trying: {trouble}")
            raise
        if self._reached is False:
            self._tell("chargers can connect")
        self._reached = True
        self._links.add(link)

    def forget(self, link: Link) -> None:
        """A link that is closed needs no ticks."""
        self._links.discard(link)

    async def tick(self) -> None:
        """Keep all links alive, for ever."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            for link in tuple(self._links):
                link.tick()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
