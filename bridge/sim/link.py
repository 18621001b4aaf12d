"""One charger's connection to its broker: paho on asyncio, without a thread of its own.

A link serves once. Connecting blocks (names, TLS), so it borrows one of a few threads; from then
on the event loop watches the socket. What is published while not connected is lost, as on the
device.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bridge.sim.endpoint import Endpoint
from bridge.sim.note import LinkTrouble, Note, speakable
from bridge.sim.pump import Pump

_KEEP_ALIVE_SECONDS = 60
_CONNACK_SECONDS = 10.0
_MOST_UNSENT = 200


class Link:
    """`on_sent` hears of a message once the socket has all of it, `on_heard` of one received."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        client_id: str,
        will: Note | None,
        on_sent: Callable[[Note], None],
        on_heard: Callable[[str, bytes], None],
    ) -> None:
        self._endpoint = endpoint
        self._on_sent = on_sent
        self._on_heard = on_heard
        self._unsent: deque[Note] = deque()
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[None] = self._loop.create_future()
        self._given_up = False
        self._refusal = "no answer"
        self.up = False
        self.closed = asyncio.Event()
        self._client = _client(endpoint, client_id, will)
        self._pump = Pump(self._client, self._loop)

    @property
    def full(self) -> bool:
        """Whether the broker reads too slowly for another message."""
        return self.up and len(self._unsent) >= _MOST_UNSENT

    async def connect(self, threads: Executor) -> None:
        """Raises LinkTrouble when the broker is away or refuses."""
        try:
            await self._loop.run_in_executor(threads, self._dial)
            if self._given_up or not self._listen():
                raise LinkTrouble("hung up")
            async with asyncio.timeout(_CONNACK_SECONDS):
                await self._answer
        except (OSError, ValueError, OverflowError) as error:
            raise LinkTrouble(str(error)) from error
        finally:
            if not self.up:
                self.cut()
        if not self.up:
            raise LinkTrouble(f"the broker refuses: {self._refusal}")

    def publish(self, note: Note) -> None:
        """Hand over a message; lost while not connected, or when the broker reads no more."""
        if not self.up or self.full or not speakable(note.topic):
            return
        self._unsent.append(note)
        self._client.publish(note.topic, note.payload, qos=0, retain=note.retain)
        self._pump.flush()

    def subscribe(self, base: str) -> None:
        """Ask for all messages below a base."""
        if self.up and speakable(base):
            self._client.subscribe(f"{base}/#", qos=0)
            self._pump.flush()

    def hang_up(self) -> None:
        """Leave politely: the broker keeps the last will to itself."""
        if self.up:
            self._client.disconnect()
        self.cut()

    def cut(self) -> None:
        """Go without a word: the broker publishes the last will."""
        self._given_up = True
        self._pump.cut()
        self._end()

    def tick(self) -> None:
        """Keep the connection alive; to be called every few seconds."""
        if self.up:
            self._client.loop_misc()
            self._pump.flush()

    def _dial(self) -> None:
        self._client.connect(self._endpoint.host, self._endpoint.port, _KEEP_ALIVE_SECONDS)

    def _listen(self) -> bool:
        # Callbacks only from here on: what paho does while dialling runs in another thread.
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._sent
        self._client.on_message = self._heard
        return self._pump.start()

    def _connected(
        self, _c: Client, _u: Any, _f: ConnectFlags, code: ReasonCode, _p: Properties | None
    ) -> None:
        self.up = not code.is_failure
        self._refusal = str(code)
        self._answered()

    def _disconnected(
        self, _c: Client, _u: Any, _f: DisconnectFlags, _r: ReasonCode, _p: Properties | None
    ) -> None:
        self._end()

    def _sent(self, _c: Client, _u: Any, _mid: int, _r: ReasonCode, _p: Properties | None) -> None:
        # QoS 0 leaves in the order of publish(), so the oldest unsent is the one.
        self._on_sent(self._unsent.popleft())

    def _heard(self, _c: Client, _u: Any, message: MQTTMessage) -> None:
        self._on_heard(message.topic, bytes(message.payload))

    def _end(self) -> None:
        self.up = False
        self._unsent.clear()
        self.closed.set()
        self._answered()

    def _answered(self) -> None:
        if not self._answer.done():
            self._answer.set_result(None)


def _client(endpoint: Endpoint, client_id: str, will: Note | None) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    if will is not None and speakable(will.topic):
        client.will_set(will.topic, will.payload, qos=0, retain=True)
    if endpoint.username:
        client.username_pw_set(endpoint.username, endpoint.password or None)
    if endpoint.tls is not None:
        client.tls_set_context(endpoint.tls)
        client.tls_insecure_set(endpoint.tls.verify_mode is ssl.CERT_NONE)
    return client
