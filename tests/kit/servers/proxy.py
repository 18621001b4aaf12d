"""A TCP proxy on loopback whose connections can go dead without being closed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """Carries bytes both ways until `freeze`; connections made afterwards work."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._flowing: set[asyncio.Event] = set()
        self.port = 0

    def freeze(self) -> None:
        """Let the packets of all open connections vanish, in both directions."""
        for flow in self._flowing:
            flow.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        there, back = await asyncio.open_connection("127.0.0.1", self._behind)
        frozen = asyncio.Event()
        self._flowing.add(frozen)
        ways = [_way(reader, back, frozen), _way(there, writer, frozen)]
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._flowing.discard(frozen)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            back.close()
            writer.close()


async def _way(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frozen: asyncio.Event
) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            if frozen.is_set():
                continue
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def proxy(port: int) -> AsyncIterator[Proxy]:
    """A proxy before the server on this port."""
    made = Proxy(port)
    server = await asyncio.start_server(made.carry, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.freeze()
        await server.wait_closed()
