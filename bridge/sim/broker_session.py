"""A charger's connection to its broker: announcing, reconnecting, replying to RAPI commands."""

import asyncio
import contextlib
from collections.abc import Callable
from random import Random

from bridge.sim.clock import Clock
from bridge.sim.connector import Connector
from bridge.sim.endpoint import Endpoint
from bridge.sim.identity import Identity
from bridge.sim.ledger import Ledger
from bridge.sim.link import MqttLink
from bridge.sim.message import ConnectFailed, SimMessage
from bridge.sim.rapi import REFUSED, with_checksum
from bridge.sim.settings import ChargerConfig
from bridge.sim.wire import document

_FIRST_RETRY_SECONDS = 5.0
_LONGEST_RETRY_SECONDS = 60.0
_QUICKEST_RETRY_SECONDS = 0.2
_WHEN_OFF_SECONDS = 1.0


class BrokerSession:
    """Applies the charger's configuration at each connection.

    `query` handles a RAPI command: None refuses it, an empty text is no reply.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        settings: ChargerConfig,
        endpoint: Endpoint,
        url: str,
        connector: Connector,
        clock: Clock,
        ledger: Ledger,
        rng: Random,
        clean_disconnect: bool,
        query: Callable[[str], str | None],
    ) -> None:
        self._identity = identity
        self._settings = settings
        self._endpoint = endpoint
        self._url = url
        self._connector = connector
        self._clock = clock
        self._ledger = ledger
        self._rng = rng
        self._clean_disconnect = clean_disconnect
        self._query = query
        self._link: MqttLink | None = None
        self._absence: float | None = None
        self._reconfigured = asyncio.Event()
        self.attempted = asyncio.Event()

    @property
    def online(self) -> bool:
        """Whether the broker accepted the connection."""
        return self._link is not None and self._link.up

    @property
    def base(self) -> str:
        """The present base topic."""
        return self._settings.text("mqtt_topic")

    async def run(self) -> None:
        """Stay connected until cancelled; then disconnect, cleanly where configured."""
        failures = 0
        try:
            while True:
                failures = 0 if await self._connect_once() else failures + 1
                await self._pause(failures)
        finally:
            if self._link is not None and self._clean_disconnect:
                self._link.disconnect()
            elif self._link is not None:
                self._link.abort()

    def publish(self, member: str, payload: str, *, retain: bool = False) -> None:
        """Publish below the base."""
        if self._link is not None:
            self._link.publish(SimMessage(f"{self.base}/{member}", payload, retain))

    def disconnect(self, seconds: float) -> None:
        """Disconnect cleanly, and reconnect after simulated seconds."""
        self._absence = seconds
        self._reconfigured.set()
        if self._link is not None:
            self._link.disconnect()

    def drop(self, seconds: float) -> None:
        """Lose the connection without DISCONNECT, and reconnect after simulated seconds."""
        self._absence = seconds
        if self._link is not None:
            self._link.abort()

    async def _connect_once(self) -> bool:
        """Run one connection until it ends; False where connecting failed."""
        if not self._settings.flag("mqtt_enabled"):
            self.attempted.set()
            return True
        link = self._link = self._new_link()
        try:
            await self._connector.connect(link)
            self._announce(link)
        except ConnectFailed:
            return False
        finally:
            self.attempted.set()
        await link.closed.wait()
        self._connector.remove(link)
        return True

    def _new_link(self) -> MqttLink:
        return MqttLink(
            endpoint=self._settings.broker(self._endpoint),
            client_id=self._settings.text("hostname"),
            will=SimMessage(
                self._settings.text("mqtt_announce_topic"), self._announcement("disconnected")
            ),
            on_sent=self._on_sent,
            on_message=self._on_message,
        )

    def _announce(self, link: MqttLink) -> None:
        # First, so that whoever hears the announcement can ask at once.
        link.subscribe(f"{self.base}/rapi/in")
        topic = self._settings.text("mqtt_announce_topic")
        link.publish(SimMessage(topic, self._announcement("connected"), retain=True))

    def _announcement(self, state: str) -> str:
        who = {"state": state, "id": self._identity.id, "name": self._settings.text("hostname")}
        where = {"mqtt": self.base, "http": self._url} if state == "connected" else {}
        return document(who | where)

    async def _pause(self, failures: int) -> None:
        """Wait as long as requested, else the device's own back-off."""
        if self._absence is None:
            await self._back_off(failures)
        if (absence := self._absence) is not None:
            self._absence = None
            await self._clock.rest(absence)

    async def _back_off(self, failures: int) -> None:
        """Ends early when the settings change."""
        if not self._settings.flag("mqtt_enabled"):
            await self._clock.rest(_WHEN_OFF_SECONDS)
            return
        longest = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(failures, 5))
        wait = longest * self._rng.uniform(0.7, 1.0) / self._clock.speed
        self._reconfigured.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(_QUICKEST_RETRY_SECONDS, wait)):
                await self._reconfigured.wait()

    def _on_sent(self, note: SimMessage) -> None:
        self._ledger.message(self._identity.id, note.topic, note.payload, note.retain)

    def _on_message(self, topic: str, payload: bytes) -> None:
        """A command: its name ends the topic, its argument is the payload."""
        name = topic.rpartition("/")[2]
        argument = ""
        with contextlib.suppress(UnicodeDecodeError):
            argument = payload.decode()
        if name.startswith("$"):
            answer = self._query(f"{name} {argument}".strip())
            if answer != "":
                self.publish("rapi/out", with_checksum(answer or REFUSED))
