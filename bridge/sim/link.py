"""One charger's connection to its broker: paho on asyncio, without a thread of its own.

A link is used once. Connecting blocks (DNS, TLS), so it runs in one of a few threads; afterwards
the event loop watches the socket. Messages published while not connected are lost, as on the
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
from bridge.sim.message import ConnectFailed, SimMessage, is_valid_topic
from bridge.sim.pump import Pump

_KEEP_ALIVE_SECONDS = 60
_CONNACK_SECONDS = 10.0
_MAX_UNSENT = 200


class MqttLink:
    """`on_sent` is called once the socket has the whole message, `on_message` for received ones."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        client_id: str,
        will: SimMessage | None,
        on_sent: Callable[[SimMessage], None],
        on_message: Callable[[str, bytes], None],
    ) -> None:
        self._endpoint = endpoint
        self._on_sent = on_sent
        self._message_handler = on_message
        self._unsent: deque[SimMessage] = deque()
        self._loop = asyncio.get_running_loop()
        self._connack: asyncio.Future[None] = self._loop.create_future()
        self._aborted = False
        self._refusal = "no answer"
        self.up = False
        self.closed = asyncio.Event()
        self._client = _client(endpoint, client_id, will)
        self._pump = Pump(self._client, self._loop)

    @property
    def full(self) -> bool:
        """Whether too many messages are waiting to be sent."""
        return self.up and len(self._unsent) >= _MAX_UNSENT

    async def connect(self, threads: Executor) -> None:
        """Raises ConnectFailed when the broker is unavailable or refuses."""
        try:
            await self._loop.run_in_executor(threads, self._connect)
            if self._aborted or not self._start():
                raise ConnectFailed("aborted")
            async with asyncio.timeout(_CONNACK_SECONDS):
                await self._connack
        except (OSError, ValueError, OverflowError) as error:
            raise ConnectFailed(str(error)) from error
        finally:
            if not self.up:
                self.abort()
        if not self.up:
            raise ConnectFailed(f"the broker refuses: {self._refusal}")

    def publish(self, note: SimMessage) -> None:
        """Publish a message; lost while not connected, or when the send queue is full."""
        if not self.up or self.full or not is_valid_topic(note.topic):
            return
        self._unsent.append(note)
        self._client.publish(note.topic, note.payload, qos=0, retain=note.retain)
        self._pump.flush()

    def subscribe(self, base: str) -> None:
        """Subscribe to all messages below a base."""
        if self.up and is_valid_topic(base):
            self._client.subscribe(f"{base}/#", qos=0)
            self._pump.flush()

    def disconnect(self) -> None:
        """Disconnect cleanly: the broker does not publish the last will."""
        if self.up:
            self._client.disconnect()
        self.abort()

    def abort(self) -> None:
        """Close the socket without DISCONNECT: the broker publishes the last will."""
        self._aborted = True
        self._pump.cut()
        self._end()

    def tick(self) -> None:
        """Keep the connection alive; to be called every few seconds."""
        if self.up:
            self._client.loop_misc()
            self._pump.flush()

    def _connect(self) -> None:
        self._client.connect(self._endpoint.host, self._endpoint.port, _KEEP_ALIVE_SECONDS)

    def _start(self) -> bool:
        # Callbacks only from here on: what paho does while dialling runs in another thread.
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._on_published
        self._client.on_message = self._on_message
        return self._pump.start()

    def _connected(
        self, _c: Client, _u: Any, _f: ConnectFlags, code: ReasonCode, _p: Properties | None
    ) -> None:
        self.up = not code.is_failure
        self._refusal = str(code)
        self._connack_received()

    def _disconnected(
        self, _c: Client, _u: Any, _f: DisconnectFlags, _r: ReasonCode, _p: Properties | None
    ) -> None:
        self._end()

    def _on_published(
        self, _c: Client, _u: Any, _mid: int, _r: ReasonCode, _p: Properties | None
    ) -> None:
        # QoS 0 leaves in the order of publish(), so the oldest unsent is the one.
        self._on_sent(self._unsent.popleft())

    def _on_message(self, _c: Client, _u: Any, message: MQTTMessage) -> None:
        self._message_handler(message.topic, bytes(message.payload))

    def _end(self) -> None:
        self.up = False
        self._unsent.clear()
        self.closed.set()
        self._connack_received()

    def _connack_received(self) -> None:
        if not self._connack.done():
            self._connack.set_result(None)


def _client(endpoint: Endpoint, client_id: str, will: SimMessage | None) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    if will is not None and is_valid_topic(will.topic):
        client.will_set(will.topic, will.payload, qos=0, retain=True)
    if endpoint.username:
        client.username_pw_set(endpoint.username, endpoint.password or None)
    if endpoint.tls is not None:
        client.tls_set_context(endpoint.tls)
        client.tls_insecure_set(endpoint.tls.verify_mode is ssl.CERT_NONE)
    return client
