"""Hearing over MQTT: stays connected and subscribed through any outage."""

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Iterable

import structlog

from bridge.core.model import Message
from bridge.sources.mqtt_link import Broker, Link

log = structlog.get_logger("mqtt")

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
STABLE_SECONDS = 30.0
"""A connection that lasted so long was a good one: the next wait is short again."""


class Hearing:
    """What is known of the connection; `last_packet` in Unix seconds, 0 for never."""

    __slots__ = ("connected", "connections", "last_packet", "subscribed")

    def __init__(self) -> None:
        self.connected = False
        self.subscribed = False
        self.last_packet = 0.0
        self.connections = 0


class Mqtt:
    """Follows the announce topics and whatever `follow` asks for.

    `deliver` gets each batch on the event loop, in the broker's order.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        announce_topics: Iterable[str],
        deliver: Callable[[list[Message]], None],
        hearing: Hearing,
    ) -> None:
        self._broker = broker
        self._announce_topics = tuple(announce_topics)
        self._deliver = deliver
        self._hearing = hearing
        self._filters: dict[str, None] = {}
        self._awaited: set[int] = set()
        self._over = asyncio.Event()
        self._why = ""
        self._link = Link(broker, self)

    async def run(self) -> None:
        """Connect, hear, and come back after every loss, until cancelled."""
        wait = FIRST_WAIT
        while True:
            began = time.monotonic()
            await self._session()
            wait = FIRST_WAIT if time.monotonic() - began > STABLE_SECONDS else wait
            pause = wait * random.uniform(0.5, 1.0)
            log.warning("mqtt.lost", why=self._why, again_in_s=round(pause, 1))
            await asyncio.sleep(pause)
            wait = min(LONGEST_WAIT, wait * 2)

    def follow(self, subscribe: Iterable[str], unsubscribe: Iterable[str]) -> None:
        """Change what is followed; kept through reconnects."""
        gone = [topic for topic in unsubscribe if self._filters.pop(topic, self) is None]
        gone = [topic for topic in gone if topic not in self._announce_topics]
        new = [topic for topic in subscribe if topic not in self._filters]
        self._filters.update(dict.fromkeys(new))
        if self._hearing.connected:
            self._link.subscribe(new)
            self._link.unsubscribe(gone)

    def heard(self, batch: list[Message]) -> None:
        """Something came from the broker."""
        self._hearing.last_packet = time.time()
        if batch:
            self._deliver(batch)

    def connected(self) -> None:
        """The broker took the session, and knows nothing of what we follow."""
        log.info("mqtt.connected", host=self._broker.host, port=self._broker.port)
        self._hearing.connected = True
        self._hearing.connections += 1
        self._awaited = set(self._link.subscribe(self._announce_topics))
        self._link.subscribe(self._filters)

    def granted(self, packet: int, refused: list[str]) -> None:
        """The broker answered a subscription."""
        for topic in refused:
            log.warning("mqtt.subscription_refused", topic=topic)
        if packet in self._awaited and not refused:
            self._awaited.discard(packet)
            self._hearing.subscribed = not self._awaited

    def lost(self, why: str) -> None:
        """The connection is over; the first reason is the one that counts."""
        if not self._over.is_set():
            self._why = why
            self._over.set()

    async def _session(self) -> None:
        """One connection, from the first packet to the last."""
        self._over.clear()
        try:
            await asyncio.to_thread(self._link.connect)
        except (OSError, ValueError) as error:
            self._why = _explain(error)
            return
        self._link.attach()
        try:
            await self._until_over()
        finally:
            self._hearing.connected = self._hearing.subscribed = False
            if not self._over.is_set():
                self._link.goodbye()
            self._link.detach()

    async def _until_over(self) -> None:
        while not self._over.is_set():
            self._link.keep_alive()
            try:
                async with asyncio.timeout(1):
                    await self._over.wait()
            except TimeoutError:
                continue


def _explain(error: OSError | ValueError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"the broker's certificate is not trusted: {error.verify_message}"
        case TimeoutError():
            return "the broker does not answer"
        case _:
            return str(error) or type(error).__name__
