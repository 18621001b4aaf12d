"""A command's short visit to a broker: hears some topics, and may put a query to a charger."""

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

ANSWER_SECONDS = 10.0
_STEP_SECONDS = 0.5
_MOST_WAITING = 50_000
"""Messages nobody has looked at yet; more are dropped, and a command may miss its answer."""


class MqttVisit:
    """An asynchronous context manager; all of it raises CommandFailed where the broker fails."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._asked: set[str] = set()
        self._refused: list[str] = []
        self._lost: str | None = None
        self._news = asyncio.Event()
        self._link = PublishingLink(broker, self)

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._link.connect)
        except (OSError, ValueError) as error:
            raise self._failure(explain(error)) from error
        self._link.attach()
        try:
            await self._until(self._taken.is_set, "the broker does not answer")
        except BaseException:
            self._link.detach()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._lost is None:
            self._link.disconnect()
        self._link.detach()

    async def follow(self, *filters: str) -> list[str]:
        """Hear these topics from now on; those that the broker refused."""
        self._asked = set(filters)
        self._link.subscribe(filters)
        await self._until(lambda: not self._asked, "the broker does not answer a subscription")
        return [topic for topic in self._refused if topic in filters]

    async def next(self, seconds: float) -> Message | None:
        """The next message; None where none comes within this time."""
        deadline = time.monotonic() + seconds
        while self._heard.empty():
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            await self._step(min(left, _STEP_SECONDS))
        return self._heard.get_nowait()

    def publish_query(self, base: str, query: Query) -> None:
        """Put a query to the charger with this base topic."""
        try:
            self._link.publish_query(base, query)
        except AnnounceRefused as error:
            raise CommandFailed(str(error)) from error

    def received(self, batch: list[Message]) -> None:
        """Messages came."""
        for message in batch[: _MOST_WAITING - self._heard.qsize()]:
            self._heard.put_nowait(message)
        self._news.set()

    def connected(self) -> None:
        """The broker took the session."""
        self._taken.set()
        self._news.set()

    def granted(self, asked: list[str], refused: list[str]) -> None:
        """The broker answered a subscription."""
        self._asked.difference_update(asked)
        self._refused += refused
        self._news.set()

    def lost(self, loss: Loss, why: str) -> None:
        """The connection is over."""
        self._lost = self._lost or why
        self._news.set()

    async def _until(self, done: Callable[[], bool], why: str) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        while not done():
            if time.monotonic() >= deadline:
                raise self._failure(why)
            await self._step(_STEP_SECONDS)

    async def _step(self, seconds: float) -> None:
        """Wait for news, for a while; keep the connection alive."""
        self._news.clear()
        self._link.keep_alive()
        if self._lost is not None:
            raise self._failure(self._lost)
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    def _failure(self, why: str) -> CommandFailed:
        broker = self._broker
        return CommandFailed(f"the broker {broker.host}:{broker.port}: {why}")
