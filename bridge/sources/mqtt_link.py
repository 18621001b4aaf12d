"""One paho client on the event loop: packets in as batches, subscriptions out.

The reading is done here, in gulps, and not by paho's own loop: whoever reads faster takes
the place of `_readable` and hands on the same batches.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bridge.core.model import Message

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

CONNECT_SECONDS = 10.0
FILTERS_PER_PACKET = 100
READS_PER_WAKE = 64
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


class Ear(Protocol):
    """Whoever is told what comes over the link; all on the event loop."""

    def heard(self, batch: list[Message]) -> None:
        """Messages in the broker's order; empty where only other packets came."""

    def connected(self) -> None:
        """The broker took the session."""

    def granted(self, packet: int, refused: list[str]) -> None:
        """The broker answered a subscription; these of its filters it refused."""

    def lost(self, why: str) -> None:
        """The connection is over."""


class Link:
    """Connects when asked to; everything but `connect` is for the event loop's thread."""

    def __init__(self, broker: Broker, ear: Ear) -> None:
        self._broker = broker
        self._ear = ear
        self._loop = asyncio.get_running_loop()
        self._batch: list[Message] = []
        self._asked: dict[int, list[str]] = {}
        self._client = self._make_client()

    def connect(self) -> None:
        """Blocking, for a thread: names are resolved and TLS is negotiated.

        Raises OSError, or ValueError for an address that is none.
        """
        broker = self._broker
        if broker.username is not None:
            self._client.username_pw_set(broker.username, broker.password())
        self._client.connect(broker.host, broker.port, broker.keepalive)

    def attach(self) -> None:
        """Listen to the new connection."""
        self._asked.clear()
        if (sock := self._client.socket()) is None:
            self._ear.lost("connection closed")
            return
        self._loop.add_reader(sock, self._readable)
        self._write()

    def detach(self) -> None:
        """Close the connection, if it is still there."""
        if (sock := self._client.socket()) is not None and sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            sock.close()

    def goodbye(self) -> None:
        """Leave in good order, so that the broker does not wait for us."""
        self._client.disconnect()
        self._client.loop_write()

    def keep_alive(self) -> None:
        """To be called about once a second."""
        if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._ear.lost("no answer within the keep-alive")

    def subscribe(self, filters: Iterable[str]) -> list[int]:
        """Ask for these; returns the packets that carry the question."""
        packets = []
        for few in _chunks(list(filters)):
            _, packet = self._client.subscribe([(topic, 0) for topic in few])
            if packet is not None:
                packets.append(packet)
                self._asked[packet] = few
        return packets

    def unsubscribe(self, filters: Iterable[str]) -> None:
        for few in _chunks(list(filters)):
            self._client.unsubscribe(few)

    def _readable(self) -> None:
        """Read what is there, within the time a callback may take, as one batch."""
        client = self._client
        for _ in range(READS_PER_WAKE):
            heard = len(self._batch)
            if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._ear.lost("connection closed")
                break
            sock = client.socket()
            if sock is None or (len(self._batch) == heard and not _held_back(sock)):
                break
        batch, self._batch = self._batch, []
        self._ear.heard(batch)
        if (sock := client.socket()) is not None and _held_back(sock):
            self._loop.call_soon(self._again)

    def _again(self) -> None:
        """TLS has more, of which the selector will not tell; unless the link is over."""
        if (sock := self._client.socket()) is not None and sock.fileno() >= 0:
            self._readable()

    def _write(self) -> None:
        """Send what is queued; while the socket is full, wait for it."""
        if self._client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._ear.lost("connection closed while writing")
        elif (sock := self._client.socket()) is not None:
            if self._client.want_write():
                self._loop.add_writer(sock, self._write)
            else:
                self._loop.remove_writer(sock)

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.connect_timeout = CONNECT_SECONDS
        if self._broker.tls:
            client.tls_set_context(_tls(self._broker))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_register_write = self._on_want_write
        client.on_socket_close = self._on_socket_close
        return client

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        # Not message.topic: it decodes what is looked up as bytes, and may fail to.
        self._batch.append((message._topic, bytes(message.payload), message.retain))

    def _on_connect(
        self, _client: Client, _data: object, _flags: object, code: ReasonCode,
        _properties: Properties | None,
    ) -> None:  # fmt: skip
        if code.is_failure:
            self._ear.lost(f"the broker refused the connection: {code}")
        else:
            self._ear.connected()

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: object, code: ReasonCode,
        _properties: Properties | None,
    ) -> None:  # fmt: skip
        self._ear.lost(f"the broker ended the session: {code}")

    def _on_subscribe(
        self, _client: Client, _data: object, packet: int, codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:  # fmt: skip
        asked = zip(self._asked.pop(packet, []), codes, strict=False)
        self._ear.granted(packet, [topic for topic, code in asked if code.is_failure])

    def _on_want_write(self, _client: Client, _data: object, _sock: object) -> None:
        """paho queued a packet, on the loop's thread or on the connecting one."""
        self._loop.call_soon_threadsafe(self._send)

    def _send(self) -> None:
        if self._client.socket() is not None:
            self._write()

    def _on_socket_close(self, _client: Client, _data: object, sock: "SocketLike") -> None:
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
