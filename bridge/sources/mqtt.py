"""Hearing over MQTT: one paho client on the event loop, messages handed on in batches."""

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bridge.core.model import Message

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

log = structlog.get_logger("mqtt")

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
STABLE_SECONDS = 30.0
CONNECT_SECONDS = 10.0
FILTERS_PER_PACKET = 100
READS_PER_WAKE = 128
"""Packets that one turn of the loop reads at most: about 10 ms of paho's time."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who we are to it."""

    host: str
    port: int
    client_id: str
    tls: bool = False
    username: str | None = None
    password: Callable[[], str | None] = lambda: None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    keepalive: int = 30


class Hearing:
    """What is known of the connection; times are Unix seconds, 0 for never."""

    __slots__ = ("connected", "connections", "last_packet", "subscribed")

    def __init__(self) -> None:
        self.connected = False
        self.subscribed = False
        self.last_packet = 0.0
        self.connections = 0

    def ready(self, now: float, keepalive: float) -> bool:
        """The announce topics are acknowledged, and the broker spoke not long ago."""
        return self.connected and self.subscribed and now - self.last_packet <= 2 * keepalive


class Mqtt:
    """Follows the announce topics and whatever `follow` asks for, through any outage.

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
        self._batch: list[Message] = []
        self._pending_announce: set[int] = set()
        self._asked: dict[int, list[str]] = {}
        self._lost = asyncio.Event()
        self._why = ""
        self._loop = asyncio.get_running_loop()
        self._client = self._make_client()

    async def run(self) -> None:
        """Connect, hear, and come back after every loss, until cancelled."""
        wait = FIRST_WAIT
        try:
            while True:
                began = time.monotonic()
                await self._session()
                self._hearing.connected = self._hearing.subscribed = False
                wait = FIRST_WAIT if time.monotonic() - began > STABLE_SECONDS else wait
                pause = wait * random.uniform(0.5, 1.0)
                log.warning("mqtt.lost", why=self._why, again_in_s=round(pause, 1))
                await asyncio.sleep(pause)
                wait = min(LONGEST_WAIT, wait * 2)
        finally:
            self._hearing.connected = self._hearing.subscribed = False

    def follow(self, subscribe: Iterable[str], unsubscribe: Iterable[str]) -> None:
        """Change what is followed; kept through reconnects."""
        gone = [f for f in unsubscribe if self._filters.pop(f, self) is None]
        new = [f for f in subscribe if f not in self._filters]
        self._filters.update(dict.fromkeys(new))
        if self._hearing.connected:
            self._subscribe(new)
            for few in _chunks(gone):
                self._client.unsubscribe(few)

    async def _session(self) -> None:
        """One connection, from the first packet to the last."""
        self._lost.clear()
        self._why = "connection closed"
        try:
            await asyncio.to_thread(self._connect)
        except (OSError, ValueError) as error:
            self._why = _explain(error)
            return
        self._attach()
        ticker = asyncio.create_task(self._tick(), name="mqtt-keepalive")
        try:
            await self._lost.wait()
        finally:
            ticker.cancel()
            if not self._lost.is_set():
                self._client.disconnect()
                self._client.loop_write()
            self._detach()

    def _connect(self) -> None:
        """In a thread, because names are resolved and TLS is negotiated blocking."""
        broker = self._broker
        if broker.username is not None:
            self._client.username_pw_set(broker.username, broker.password())
        self._client.connect(broker.host, broker.port, broker.keepalive)

    async def _tick(self) -> None:
        while not self._lost.is_set():
            await asyncio.sleep(1)
            if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._lose("no answer within the keep-alive")

    def _attach(self) -> None:
        if (sock := self._client.socket()) is None:
            self._lose("connection closed")
            return
        self._loop.add_reader(sock, self._readable)
        self._write()

    def _detach(self) -> None:
        if (sock := self._client.socket()) is not None and sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            sock.close()

    def _readable(self) -> None:
        """Read what is there, within the time a callback may take, as one batch."""
        self._hearing.last_packet = time.time()
        client = self._client
        for _ in range(READS_PER_WAKE):
            heard = len(self._batch)
            if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._lose(self._why)
                break
            sock = client.socket()
            if sock is None:
                break
            if len(self._batch) == heard and not _held_back(sock):
                break
        if self._batch:
            batch, self._batch = self._batch, []
            self._deliver(batch)

    def _write(self) -> None:
        """Send what is queued; while the socket is full, wait for it."""
        if self._client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lose("connection closed while writing")
            return
        if (sock := self._client.socket()) is None:
            return
        if self._client.want_write():
            self._loop.add_writer(sock, self._write)
        else:
            self._loop.remove_writer(sock)

    def _lose(self, why: str) -> None:
        self._why = why
        self._lost.set()

    def _subscribe(self, filters: list[str]) -> list[int]:
        mids = []
        for few in _chunks(filters):
            _, mid = self._client.subscribe([(topic, 0) for topic in few])
            if mid is not None:
                mids.append(mid)
                self._asked[mid] = few
        return mids

    def _make_client(self) -> Client:
        broker = self._broker
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.connect_timeout = CONNECT_SECONDS
        if broker.tls:
            client.tls_set_context(_tls(broker))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_register_write = self._on_want_write
        client.on_socket_close = self._on_socket_close
        return client

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        self._batch.append((message._topic, bytes(message.payload), message.retain))

    def _on_connect(
        self,
        client: Client,
        userdata: object,
        flags: object,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if code.is_failure:
            self._lose(f"the broker refused the connection: {code}")
            return
        log.info("mqtt.connected", host=self._broker.host, port=self._broker.port)
        self._hearing.connected = True
        self._hearing.connections += 1
        self._asked.clear()
        self._pending_announce = set(self._subscribe(list(self._announce_topics)))
        self._subscribe(list(self._filters))

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: object,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if not self._lost.is_set():
            self._lose(f"the broker ended the session: {code}")

    def _on_subscribe(
        self,
        client: Client,
        userdata: object,
        mid: int,
        codes: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        for topic, code in zip(self._asked.pop(mid, []), codes, strict=False):
            if code.is_failure:
                log.warning("mqtt.subscription_refused", topic=topic, code=str(code))
        if mid in self._pending_announce and not any(code.is_failure for code in codes):
            self._pending_announce.discard(mid)
            self._hearing.subscribed = not self._pending_announce

    def _on_want_write(self, client: Client, userdata: object, sock: object) -> None:
        """paho queued a packet, on the loop's thread or on the connecting one."""
        self._loop.call_soon_threadsafe(self._send)

    def _send(self) -> None:
        if self._client.socket() is not None:
            self._write()

    def _on_socket_close(self, client: Client, userdata: object, sock: "SocketLike") -> None:
        """A closed descriptor must not stay registered: its number is given out again."""
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)


def _chunks(filters: list[str]) -> list[list[str]]:
    return [
        filters[at : at + FILTERS_PER_PACKET] for at in range(0, len(filters), FILTERS_PER_PACKET)
    ]


def _held_back(sock: object) -> bool:
    """TLS may hold decrypted bytes of which the selector knows nothing."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


def _tls(broker: Broker) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=broker.ca_file)
    if broker.cert_file:
        context.load_cert_chain(broker.cert_file, broker.key_file)
    return context


def _explain(error: OSError | ValueError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"the broker's certificate is not trusted: {error.verify_message}"
        case TimeoutError():
            return "the broker does not answer"
        case _:
            return str(error) or type(error).__name__
