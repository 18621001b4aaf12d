"""The embedded broker with the face of the other servers, except that it is awaited."""

from types import TracebackType
from typing import Self

from bridge.sources.embedded import EmbeddedBroker


class Amqtt:
    """Lives in the event loop of the test, and on the same port after a restart."""

    def __init__(self) -> None:
        self._broker = EmbeddedBroker()

    @property
    def port(self) -> int:
        return self._broker.port

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def start(self) -> None:
        await self._broker.start()

    async def stop(self) -> None:
        await self._broker.stop()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
