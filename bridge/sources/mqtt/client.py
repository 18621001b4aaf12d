"""The MQTT client: stays connected and subscribed through any outage."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable

import structlog

from bridge.core.backoff import Backoff
from bridge.core.discovery.subscriptions import WantedFilters
from bridge.core.errors import SYSTEM_FAILURES
from bridge.core.model import Message
from bridge.sources.mqtt.broker import Broker, Loss
from bridge.sources.mqtt.link import Link
from bridge.sources.mqtt.subscribe_size import SubscribeSize
from bridge.sources.mqtt.watchdog import Verdict, Watchdog
from bridge.sources.mqtt.why import TlsTrouble, explain, explain_twin

log = structlog.get_logger("mqtt")

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
STABLE_SECONDS = 30.0
"""A connection that lasted this long was good: the back-off starts again."""
NO_SUBACK = "the broker does not answer a subscription"
DEAF = "the broker accepts our subscriptions but delivers nothing: check its access rules"


class ConnectionState:
    """The state of the connection; `last_packet_unix` is in seconds, 0 for never, and
    `last_packet_steady` the same moment on the steady clock."""

    __slots__ = (
        "connected", "connections", "deaf", "failures", "last_packet_steady", "last_packet_unix",
        "refused", "subscribed", "suspected", "why",
    )  # fmt: skip

    def __init__(self) -> None:
        self.connected = False
        self.subscribed = False
        self.refused = False
        """The broker refuses a subscription to an announce topic."""
        self.deaf = False
        """The broker delivers nothing, though it should."""
        self.last_packet_unix = 0.0
        self.last_packet_steady = 0.0
        self.connections = 0
        self.why = ""
        """Why the last connection failed or ended."""
        self.suspected = ""
        """The same, if the broker ended it for a reason that can only be suspected."""
        self.failures: dict[str, int] = dict.fromkeys(Loss, 0)


class MqttClient:
    """Stays subscribed to the announce topics and to the wanted filters.

    `announcements_expected`: whether the broker should have a retained announcement for us.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        announce_topics: Iterable[str],
        wanted: WantedFilters,
        announcements_expected: Callable[[], bool],
        state: ConnectionState,
    ) -> None:
        self._broker = broker
        self._announce_topics = tuple(announce_topics)
        self._deliver: Callable[[list[Message]], None] | None = None
        self._wanted = wanted
        self._announcements_expected = announcements_expected
        self._state = state
        self._unacknowledged: set[str] = set()
        self._ended = asyncio.Event()
        self._size = SubscribeSize()
        self._watchdog = Watchdog(broker.keepalive)
        self._backoff = Backoff(random.random, first=FIRST_WAIT, most=LONGEST_WAIT, jitter=0.5)
        self._link = self._make_link()

    async def run(self, deliver: Callable[[list[Message]], None]) -> None:
        """Connect, receive, and connect again after every loss, until cancelled.

        `deliver` is called with each batch on the event loop, in the broker's order.
        """
        self._deliver = deliver
        while True:
            began = time.monotonic()
            await self._session()
            if time.monotonic() - began > STABLE_SECONDS:
                self._backoff.reset()
            if self._link.ended_soon and await asyncio.to_thread(self._link.listens):
                why = explain_twin(self._state.why, self._broker.client_id)
                self._state.why = self._state.suspected = why
            pause = self._backoff.next()
            log.warning("mqtt.lost", why=self._state.why, again_in_s=round(pause, 1))
            await asyncio.sleep(pause)

    def received(self, batch: list[Message]) -> None:
        """Packets arrived from the broker; `batch` has the messages among them."""
        state = self._state
        state.last_packet_unix, state.last_packet_steady = time.time(), time.monotonic()
        self._watchdog.packet_received(state.last_packet_steady, message=bool(batch))
        if batch:
            if state.deaf:
                state.deaf = False
                log.info("mqtt.hears_again")
            if self._deliver is not None:
                self._deliver(batch)
        self._subscribe_changes()

    def connected(self) -> None:
        """The broker accepted the session, which has no subscriptions yet."""
        log.info("mqtt.connected", host=self._broker.host, port=self._broker.port)
        self._state.connected = True
        self._state.connections += 1
        self._watchdog.session_accepted()
        self._unacknowledged = set(self._announce_topics)
        self._link.subscribe(self._announce_topics)
        self._wanted.drain_changes()
        self._link.subscribe(self._wanted)

    def _subscribe_changes(self) -> None:
        """Subscribe to the filters that are wanted since the last call, once there is a session."""
        if self._state.connected:
            for change in self._wanted.drain_changes():
                self._link.subscribe(change.subscribe)
                self._link.unsubscribe(set(change.unsubscribe).difference(self._announce_topics))

    def granted(self, filters: list[str], refused: list[str]) -> None:
        """The broker acknowledged a subscription; it refused some of its filters."""
        state = self._state
        ours = self._unacknowledged.intersection(refused)
        if refused and not (ours and state.refused):
            log.warning("mqtt.subscription_refused", topics=len(refused), first=refused[0])
        self._unacknowledged.difference_update(set(filters) - ours)
        if ours:
            state.subscribed, state.refused = False, True
        elif not self._unacknowledged:
            state.subscribed, state.refused = True, False
            self._watchdog.granted(time.monotonic())

    def lost(self, loss: Loss, why: str) -> None:
        """The connection ended; only the first reason is counted."""
        if not self._ended.is_set():
            self._state.failures[loss] += 1
            self._state.why = why
            self._state.suspected = why if loss is Loss.SUBSCRIBE else ""
            self._ended.set()
            if self._state.connected:
                self._adapt_size(self._link.unanswered() if loss is Loss.SUBSCRIBE else 0)

    def _adapt_size(self, unanswered: int) -> None:
        """Use smaller SUBSCRIBE packets for a broker that ends the connection at larger ones."""
        now = time.monotonic()
        if self._size.ended(unanswered, now):
            self._backoff.reset()
            log.warning("mqtt.smaller_subscribes", filters=self._size.next(now))

    def _make_link(self) -> Link:
        return Link(self._broker, self)

    async def _session(self) -> None:
        """One connection, from the first packet to the last."""
        self._ended.clear()
        self._link = self._make_link()
        self._link.limit_filters(self._size.next(time.monotonic()))
        try:
            await asyncio.to_thread(self._link.connect)
        except (ValueError, *SYSTEM_FAILURES) as error:
            tls = isinstance(error, TlsTrouble)
            self.lost(Loss.TLS if tls else Loss.UNREACHABLE, explain(error))
            return
        self._watchdog.begin(time.monotonic())
        self._link.attach()
        try:
            await self._until_ended()
        finally:
            state = self._state
            state.connected = state.subscribed = state.refused = False
            if not self._ended.is_set():
                self._link.disconnect()
            self._link.detach()

    async def _until_ended(self) -> None:
        step = min(1.0, self._broker.keepalive / 8)
        while not self._ended.is_set():
            self._link.keep_alive()
            self._subscribe_changes()
            self._check_silence(time.monotonic())
            try:
                async with asyncio.timeout(step):
                    await self._ended.wait()
            except TimeoutError:
                continue

    def _check_silence(self, steady: float) -> None:
        match self._watchdog.verdict(steady):
            case Verdict.SILENT:
                self.lost(Loss.SILENT, "the broker does not answer")
            case Verdict.RESUBSCRIBE:
                self._resubscribe(steady)
            case Verdict.DEAF:
                self._delivers_nothing(steady)
            case Verdict.WELL:
                pass

    def _resubscribe(self, steady: float) -> None:
        self._watchdog.resubscribed(steady)
        self._unacknowledged = set(self._announce_topics)
        self._link.subscribe(self._announce_topics)

    def _delivers_nothing(self, steady: float) -> None:
        """Reconnect once, which may help; after that the operator has to act."""
        state = self._state
        if state.refused:
            self._resubscribe(steady)
            return
        known, state.deaf = state.deaf, bool(self._unacknowledged) or self._announcements_expected()
        if state.deaf and not known:
            self.lost(Loss.DEAF, NO_SUBACK if self._unacknowledged else DEAF)
        else:
            self._watchdog.postpone(steady)
