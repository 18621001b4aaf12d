"""Hearing over MQTT: stays connected and subscribed through any outage."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable

import structlog

from bridge.core.backoff import Backoff
from bridge.core.discovery.subscriptions import WantedFilters
from bridge.core.model import Message
from bridge.sources.mqtt.broker import Broker, Loss
from bridge.sources.mqtt.link import Link
from bridge.sources.mqtt.watchdog import Verdict, Watchdog
from bridge.sources.mqtt.why import TlsTrouble, explain

log = structlog.get_logger("mqtt")

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
STABLE_SECONDS = 30.0
"""A connection that lasted so long was a good one: the next wait is short again."""
UNANSWERED = "the broker does not answer a subscription"
DEAF = "the broker takes our subscriptions and delivers nothing: look at its access rules"


class ConnectionState:
    """What is known of the connection; `last_packet` in Unix seconds, 0 for never, and
    `heard_at` the same moment on the steady clock."""

    __slots__ = (
        "connected", "connections", "deaf", "failures", "heard_at", "last_packet", "refused",
        "subscribed",
    )  # fmt: skip

    def __init__(self) -> None:
        self.connected = False
        self.subscribed = False
        self.refused = False
        """The broker does not let us subscribe to an announce topic."""
        self.deaf = False
        """The broker delivers nothing, though it should; until it does."""
        self.last_packet = 0.0
        self.heard_at = 0.0
        self.connections = 0
        self.failures: dict[str, int] = dict.fromkeys(Loss, 0)


class MqttClient:
    """Stays subscribed to the announce topics and to whatever is wanted.

    `expects` tells whether the broker should be keeping a charger's announcement for us.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        announce_topics: Iterable[str],
        wanted: WantedFilters,
        expects: Callable[[], bool],
        state: ConnectionState,
    ) -> None:
        self._broker = broker
        self._announce_topics = tuple(announce_topics)
        self._deliver: Callable[[list[Message]], None] | None = None
        self._wanted = wanted
        self._expects = expects
        self._state = state
        self._awaited: set[str] = set()
        self._over = asyncio.Event()
        self._why = ""
        self._watchdog = Watchdog(broker.keepalive)
        self._backoff = Backoff(random.random, first=FIRST_WAIT, most=LONGEST_WAIT, jitter=0.5)
        self._link = self._make_link()

    async def run(self, deliver: Callable[[list[Message]], None]) -> None:
        """Connect, receive, and come back after every loss, until cancelled.

        `deliver` gets each batch on the event loop, in the broker's order.
        """
        self._deliver = deliver
        while True:
            began = time.monotonic()
            await self._session()
            if time.monotonic() - began > STABLE_SECONDS:
                self._backoff.reset()
            pause = self._backoff.next()
            log.warning("mqtt.lost", why=self._why, again_in_s=round(pause, 1))
            await asyncio.sleep(pause)

    def received(self, batch: list[Message]) -> None:
        """Something came from the broker."""
        hearing = self._state
        hearing.last_packet, hearing.heard_at = time.time(), time.monotonic()
        self._watchdog.packet_received(hearing.heard_at, message=bool(batch))
        if batch:
            if hearing.deaf:
                hearing.deaf = False
                log.info("mqtt.hears_again")
            if self._deliver is not None:
                self._deliver(batch)
        self._subscribe_changes()

    def connected(self) -> None:
        """The broker took the session, and knows nothing of what we follow."""
        log.info("mqtt.connected", host=self._broker.host, port=self._broker.port)
        self._state.connected = True
        self._state.connections += 1
        self._watchdog.session_accepted()
        self._awaited = set(self._announce_topics)
        self._link.subscribe(self._announce_topics)
        self._wanted.take_changes()
        self._link.subscribe(self._wanted)

    def _subscribe_changes(self) -> None:
        """Ask for what is wanted since the last look; before a session there is nothing to ask."""
        if self._state.connected:
            for change in self._wanted.take_changes():
                self._link.subscribe(change.subscribe)
                self._link.unsubscribe(set(change.unsubscribe).difference(self._announce_topics))

    def granted(self, asked: list[str], refused: list[str]) -> None:
        """The broker answered a subscription."""
        hearing = self._state
        ours = self._awaited.intersection(refused)
        if refused and not (ours and hearing.refused):
            log.warning("mqtt.subscription_refused", topics=len(refused), first=refused[0])
        self._awaited.difference_update(set(asked) - ours)
        if ours:
            hearing.subscribed, hearing.refused = False, True
        elif not self._awaited:
            hearing.subscribed, hearing.refused = True, False
            self._watchdog.granted(time.monotonic())

    def lost(self, loss: Loss, why: str) -> None:
        """The connection is over; the first reason is the one that counts."""
        if not self._over.is_set():
            self._state.failures[loss] += 1
            self._why = why
            self._over.set()

    def _make_link(self) -> Link:
        return Link(self._broker, self)

    async def _session(self) -> None:
        """One connection, from the first packet to the last."""
        self._over.clear()
        self._link = self._make_link()
        try:
            await asyncio.to_thread(self._link.connect)
        except (OSError, ValueError) as error:
            tls = isinstance(error, TlsTrouble)
            self.lost(Loss.TLS if tls else Loss.UNREACHABLE, explain(error))
            return
        self._watchdog.begin(time.monotonic())
        self._link.attach()
        try:
            await self._until_over()
        finally:
            hearing = self._state
            hearing.connected = hearing.subscribed = hearing.refused = False
            if not self._over.is_set():
                self._link.goodbye()
            self._link.detach()

    async def _until_over(self) -> None:
        step = min(1.0, self._broker.keepalive / 8)
        while not self._over.is_set():
            self._link.keep_alive()
            self._subscribe_changes()
            self._check_silence(time.monotonic())
            try:
                async with asyncio.timeout(step):
                    await self._over.wait()
            except TimeoutError:
                continue

    def _check_silence(self, now: float) -> None:
        match self._watchdog.verdict(now):
            case Verdict.SILENT:
                self.lost(Loss.SILENT, "the broker does not answer")
            case Verdict.RESUBSCRIBE:
                self._subscribe_again(now)
            case Verdict.DEAF:
                self._deaf(now)
            case Verdict.WELL:
                pass

    def _subscribe_again(self, now: float) -> None:
        self._watchdog.resubscribed(now)
        self._awaited = set(self._announce_topics)
        self._link.subscribe(self._announce_topics)

    def _deaf(self, now: float) -> None:
        """Connecting anew may cure it, once; after that it is for the operator to."""
        hearing = self._state
        if hearing.refused:
            self._subscribe_again(now)
            return
        again, hearing.deaf = hearing.deaf, bool(self._awaited) or self._expects()
        if hearing.deaf and not again:
            self.lost(Loss.DEAF, UNANSWERED if self._awaited else DEAF)
        else:
            self._watchdog.postpone(now)
