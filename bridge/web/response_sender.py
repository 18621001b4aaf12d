"""Sends replies at each reader's own pace, within bounds of time, of number and of memory.

A body is shared by its readers and lives until the last one has it. Of the bodies that are
being read only the newest few are kept: a reader of an older one was slower than all
others, and is cut off.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

from aiohttp import web

from bridge.web.body import Body

MOST_AT_ONCE = 256
"""Requests under way; further ones are turned away at once."""
MOST_BODIES = 8
PATIENCE_SECONDS = 30.0
"""How long a reader may take; Prometheus gives up after ten by default."""


class Shared(web.StreamResponse):
    """A reply that is sent from a body's pieces."""

    def __init__(self, body: Body, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self.content_length = body.size
        self.shared = body


class Sending:
    """Counts who is under way, and cuts off those who do not read."""

    def __init__(self) -> None:
        self._under_way = 0
        self._readers: dict[Body, set[asyncio.Timeout]] = {}

    @property
    def full(self) -> bool:
        """So many are under way that one more must come again."""
        return self._under_way >= MOST_AT_ONCE

    @contextlib.contextmanager
    def one_more(self) -> Iterator[None]:
        """Someone is under way during the block."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def send(self, request: web.Request, reply: web.StreamResponse) -> None:
        """Returns when the reader has all of it, or has left, or was cut off."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS) as patience:
                with self._reading(reply, patience):
                    await _write(request, reply)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            return

    @contextlib.contextmanager
    def _reading(self, reply: web.StreamResponse, patience: asyncio.Timeout) -> Iterator[None]:
        if not isinstance(reply, Shared):
            yield
            return
        body = reply.shared
        self._readers.setdefault(body, set()).add(patience)
        self._cut_off()
        try:
            yield
        finally:
            readers = self._readers.get(body, set())
            readers.discard(patience)
            if not readers:
                self._readers.pop(body, None)

    def _cut_off(self) -> None:
        """The oldest bodies are let go, with all who still read them."""
        while len(self._readers) > MOST_BODIES:
            oldest = self._readers.pop(next(iter(self._readers)))
            for patience in oldest:
                if not patience.expired():
                    patience.reschedule(asyncio.get_running_loop().time())


async def _write(request: web.Request, reply: web.StreamResponse) -> None:
    await reply.prepare(request)
    if isinstance(reply, Shared) and request.method != "HEAD":
        for piece in reply.shared.pieces:
            await reply.write(piece)
            # A reader that keeps up must not keep the loop.
            await asyncio.sleep(0)
    await reply.write_eof()
