"""A command's short MQTT session: subscribes to topics, and may publish a RAPI query."""

import asyncio
import time
from collections.abc import Callable
from typing import Self

from bridge.core.errors import AnnounceRefused, CommandFailed
from bridge.core.model import Message
from bridge.core.rapi.query import Query
from bridge.sources.mqtt.broker import Broker, Loss
from bridge.sources.mqtt.publisher import PublishingLink
from bridge.sources.mqtt.why import explain

REPLY_TIMEOUT_SECONDS = 10.0
_STEP_SECONDS = 0.5
_MAX_QUEUED = 50_000
"""Messages waiting to be received; further ones are dropped, and a command may miss its reply."""


class MqttSession:
    """An asynchronous context manager; all methods raise CommandFailed where the broker fails."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._connected = asyncio.Event()
        self._unacknowledged: set[str] = set()
        self._refused: list[str] = []
        self._loss: str | None = None
        self._changed = asyncio.Event()
        self._link = PublishingLink(broker, self)

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._link.connect)
        except (OSError, ValueError) as error:
            raise self._failure(explain(error)) from error
        self._link.attach()
        try:
            await self._wait_for(self._connected.is_set, "the broker does not answer")
        except BaseException:
            self._link.detach()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._loss is None:
            self._link.disconnect()
        self._link.detach()

    async def subscribe(self, *filters: str) -> list[str]:
        """Subscribe to these topics; returns those that the broker refused."""
        self._unacknowledged = set(filters)
        self._link.subscribe(filters)
        await self._wait_for(
            lambda: not self._unacknowledged, "the broker does not acknowledge a subscription"
        )
        return [topic for topic in self._refused if topic in filters]

    async def receive(self, seconds: float) -> Message | None:
        """The next message; None where none arrives within this time."""
        deadline = time.monotonic() + seconds
        while self._messages.empty():
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            await self._wait_for_change(min(left, _STEP_SECONDS))
        return self._messages.get_nowait()

    def publish_query(self, base: str, query: Query) -> None:
        """Publish a query to the charger with this base topic."""
        try:
            self._link.publish_query(base, query)
        except AnnounceRefused as error:
            raise CommandFailed(str(error)) from error

    def received(self, batch: list[Message]) -> None:
        """Messages arrived."""
        for message in batch[: _MAX_QUEUED - self._messages.qsize()]:
            self._messages.put_nowait(message)
        self._changed.set()

    def connected(self) -> None:
        """The broker accepted the connection."""
        self._connected.set()
        self._changed.set()

    def granted(self, asked: list[str], refused: list[str]) -> None:
        """The broker acknowledged a subscription."""
        self._unacknowledged.difference_update(asked)
        self._refused += refused
        self._changed.set()

    def lost(self, loss: Loss, why: str) -> None:
        """The connection was lost."""
        self._loss = self._loss or why
        self._changed.set()

    async def _wait_for(self, done: Callable[[], bool], why: str) -> None:
        deadline = time.monotonic() + REPLY_TIMEOUT_SECONDS
        while not done():
            if time.monotonic() >= deadline:
                raise self._failure(why)
            await self._wait_for_change(_STEP_SECONDS)

    async def _wait_for_change(self, seconds: float) -> None:
        """Wait for any change, at most this long; keeps the connection alive."""
        self._changed.clear()
        self._link.keep_alive()
        if self._loss is not None:
            raise self._failure(self._loss)
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _failure(self, why: str) -> CommandFailed:
        broker = self._broker
        return CommandFailed(f"the broker {broker.host}:{broker.port}: {why}")
