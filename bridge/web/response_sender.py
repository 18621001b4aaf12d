"""Sends responses at each client's own pace, with limits on time, number and memory.

A body is shared by its readers and freed after the last one. Only the newest few bodies
being sent are kept: the readers of an older one are the slowest, and are disconnected.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager

from aiohttp import web

from bridge.web.body import Body
from bridge.web.in_flight import InFlight

MAX_IN_FLIGHT = 256
"""Requests in flight; further ones are rejected at once."""
FOR_METRICS = 64
"""Of these, so many are for /metrics alone."""
CONTENDED = 224
"""With so many in flight, each client address has `PER_CLIENT`; known logins are exempt."""
PER_CLIENT = 8
MAX_BODIES = 8
SEND_TIMEOUT_SECONDS = 30.0
"""How long a client may take to read; Prometheus gives up after ten by default."""


class SharedResponse(web.StreamResponse):
    """A response that is sent from the pieces of a shared body."""

    def __init__(self, body: Body, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self.content_length = body.size
        self.body = body


class ResponseSender:
    """Counts requests in flight, and disconnects clients that do not read."""

    def __init__(self) -> None:
        self._in_flight = InFlight()
        self._readers: dict[Body, set[asyncio.Timeout]] = {}

    def has_room(self, client: str, *, known: bool, metrics: bool) -> bool:
        """Whether a request of this address may begin; `known`: it has the login."""
        in_flight = self._in_flight.total
        if in_flight >= MAX_IN_FLIGHT - (0 if metrics else FOR_METRICS):
            return False
        return known or in_flight < CONTENDED or self._in_flight.of(client) < PER_CLIENT

    def counted(self, client: str) -> AbstractContextManager[None]:
        """Count a request as in flight during the block."""
        return self._in_flight.counted(client)

    async def send(self, request: web.Request, reply: web.StreamResponse) -> None:
        """Returns when the client received all of it, or disconnected, or was disconnected."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS) as timeout:
                with self._reading(reply, timeout):
                    await _write(request, reply)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            return

    @contextlib.contextmanager
    def _reading(self, reply: web.StreamResponse, timeout: asyncio.Timeout) -> Iterator[None]:
        if not isinstance(reply, SharedResponse):
            yield
            return
        body = reply.body
        self._readers.setdefault(body, set()).add(timeout)
        self._abort_slowest()
        try:
            yield
        finally:
            readers = self._readers.get(body, set())
            readers.discard(timeout)
            if not readers:
                self._readers.pop(body, None)

    def _abort_slowest(self) -> None:
        """Free the oldest bodies, and disconnect the clients that still read them."""
        while len(self._readers) > MAX_BODIES:
            oldest = self._readers.pop(next(iter(self._readers)))
            for patience in oldest:
                if not patience.expired():
                    patience.reschedule(asyncio.get_running_loop().time())


async def _write(request: web.Request, reply: web.StreamResponse) -> None:
    await reply.prepare(request)
    if isinstance(reply, SharedResponse) and request.method != "HEAD":
        for piece in reply.body.pieces:
            await reply.write(piece)
            # A reader that keeps up must not keep the loop.
            await asyncio.sleep(0)
    await reply.write_eof()
