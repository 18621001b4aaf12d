"""The embedded broker with the face of the other servers, in a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from bridge.tools.demo.broker import EmbeddedBroker

PATIENCE_SECONDS = 15.0


class Amqtt:
    """Has its own event loop, so that a test may block; keeps its port over a restart."""

    def __init__(self) -> None:
        self._broker = EmbeddedBroker()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="amqtt")

    @property
    def port(self) -> int:
        return self._broker.port

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._do(self._broker.start())

    def stop(self) -> None:
        self._do(self._broker.stop())

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE_SECONDS)
            self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)
