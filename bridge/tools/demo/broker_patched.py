"""amqtt's broker with three bugs fixed.

amqtt 0.12 loses what a client published just before it disconnected, sends a new client all
clients' retained messages, and leaves the old connection open where a client id is taken over.
"""

import asyncio
import contextlib
from collections.abc import Collection, Coroutine
from typing import Any

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig

LISTENER = "default"


class _Reader(StreamReaderAdapter):  # type: ignore[misc]  # amqtt is not typed
    """A stream that reports its end only after everything before it was processed."""

    async def read(self, n: int = -1) -> bytes:
        try:
            found: bytes = await super().read(n)
        except asyncio.IncompleteReadError:
            # amqtt has a task for each packet and cancels them all at the end of the stream.
            await asyncio.sleep(0)
            raise
        return found


class PatchedBroker(Broker):  # type: ignore[misc]  # amqtt is not typed
    """A broker with a single listener, named `LISTENER`."""

    def __init__(self, config: BrokerConfig) -> None:
        super().__init__(config)
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        return int(self._servers[LISTENER].instance.sockets[0].getsockname()[1])

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        adapters = _Reader(reader), StreamWriterAdapter(writer)
        # asyncio's streams log a cancelled connection as an error.
        with contextlib.suppress(asyncio.CancelledError):
            await self._client_connected(listener_name, *adapters)
        writer.close()
        self._connections.discard(task)

    async def close_connections(self) -> None:
        """Close connections that a shutdown leaves open: clients that never sent CONNECT."""
        await _cancel(self._connections)

    async def _client_message_loop(self, session: Any, handler: Any) -> None:
        """Serve a client until it disconnects; delivers its last messages before its last will."""
        gone = asyncio.ensure_future(handler.wait_disconnect())
        work = [
            asyncio.create_task(part)
            for part in (
                self._subscribing(session, handler),
                self._unsubscribing(session, handler),
                self._publishing(session, handler),
            )
        ]
        try:
            await asyncio.wait([gone, *work], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(work)
        await handler.handle_connection_closed()
        await self._handle_disconnect(session, handler, gone)

    async def _subscribing(self, session: Any, handler: Any) -> None:
        while True:
            request = await _completed(handler.get_next_pending_subscription())
            await self._handle_subscription(session, handler, request)
            for subscription in request.result().topics:
                await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _publish_retained_messages_for_subscription(
        self, _subscription: Any, _session: Any
    ) -> None:
        """Nothing: amqtt calls this for each client that connects, with everyone's filters."""

    async def _unsubscribing(self, session: Any, handler: Any) -> None:
        while True:
            request = await _completed(handler.get_next_pending_unsubscription())
            await self._handle_unsubscription(session, handler, request)

    async def _publishing(self, session: Any, handler: Any) -> None:
        """Ends where the client publishes to a forbidden topic.

        Nothing in it waits while there are messages, so all are delivered before the end of
        their connection is processed.
        """
        allowed = True
        while allowed:
            message = await _completed(session.delivered_message_queue.get())
            allowed = await self._handle_message_delivery(session, handler, message)

    async def _delete_session(self, client_id: str) -> None:
        """Remove a client's session; an open connection is closed and its last will published."""
        session, handler = self._sessions.get(client_id, (None, None))
        if handler is not None and session.transitions.state == "connected":
            await handler.handle_connection_closed()
            await handler.stop()
        await super()._delete_session(client_id)


async def _completed(work: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
    """The result of a coroutine as a finished future, as amqtt expects it."""
    future = asyncio.get_running_loop().create_future()
    future.set_result(await work)
    return future


async def _cancel(tasks: Collection[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
