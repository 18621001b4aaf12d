"""Connects the chargers' links with a few threads, and keeps all links alive."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from bridge.sim.link import MqttLink
from bridge.sim.message import ConnectFailed

_THREADS = 8
_TICK_SECONDS = 5.0


OnChange = Callable[[str], None]
"""Called with a sentence."""


def ignore(_sentence: str) -> None:
    """Do nothing."""


class Connector:
    """A context manager: its exit does not wait for hosts that do not respond.

    `on_change` is called when the first charger cannot connect, and when one can.
    """

    def __init__(self, on_change: OnChange = ignore) -> None:
        self._on_change = on_change
        self._reachable: bool | None = None
        """None until the first attempt."""
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sim-connect")
        self._links: set[MqttLink] = set()

    async def connect(self, link: MqttLink) -> None:
        """Raises ConnectFailed; at most eight chargers connect at a time."""
        try:
            await link.connect(self._threads)
        except ConnectFailed as trouble:
            if self._reachable is None:
                self._reachable = False
                self._on_change(f"no charger can connect, retrying: {trouble}")
            raise
        if self._reachable is False:
            self._on_change("chargers can connect")
        self._reachable = True
        self._links.add(link)

    def remove(self, link: MqttLink) -> None:
        """Remove a closed link."""
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
