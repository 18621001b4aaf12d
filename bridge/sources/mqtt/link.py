"""One connection to a broker: paho sends, the reader receives, all on the event loop."""

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bridge.core.errors import BrokenStream
from bridge.core.model import Message
from bridge.sources.mqtt.broker import Broker, Loss
from bridge.sources.mqtt.reader import Reader
from bridge.sources.mqtt.subscribe_queue import SubscribeQueue
from bridge.sources.mqtt.tap import Tap
from bridge.sources.mqtt.tls import secure
from bridge.sources.mqtt.why import explain, explain_no_connack, explain_no_suback

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

CONNECT_SECONDS = 10.0
BRIEF_SECONDS = 30.0
_LOSSES = {"Protocol error": Loss.PROTOCOL, "Keep alive timeout": Loss.SILENT}
"""By paho's names; any other end counts as closed."""


class LinkObserver(Protocol):
    """Receives what arrives over the link; called on the event loop."""

    def received(self, batch: list[Message]) -> None:
        """Messages in the broker's order; empty where only other packets arrived."""

    def connected(self) -> None:
        """The broker accepted the session."""

    def granted(self, filters: list[str], refused: list[str]) -> None:
        """The broker acknowledged a subscription; it may have refused some of its filters."""

    def lost(self, loss: Loss, why: str) -> None:
        """The connection ended."""


class _Client(Client):
    """paho over a socket that the bridge opens, secures and reads itself."""

    open_socket: Callable[[], Tap]

    def _create_socket(self) -> "SocketLike":
        return self.open_socket()


class Link:
    """One connection, opened in a thread by `connect`, then used on the event loop alone."""

    def __init__(self, broker: Broker, observer: LinkObserver) -> None:
        self._broker = broker
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._client = self._make_client()
        self._queue = SubscribeQueue(self._client)
        self._reader: Reader | None = None
        self._tap: Tap | None = None
        self._connack_received = False
        """The broker accepted or refused the session."""
        self._connack_steady = 0.0
        self.ended_soon = False
        """It was ended soon after the broker had accepted it."""
        self.limit_filters = self._queue.limit
        self.unanswered = self._queue.unanswered
        self.subscribe = self._queue.subscribe
        self.unsubscribe = self._queue.unsubscribe

    def connect(self) -> None:
        """Resolve the name, connect and negotiate TLS; blocks, so it must run in a thread.

        Raises OSError, which includes TlsTrouble, or ValueError for an invalid address.
        """
        broker, client = self._broker, self._client
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password())
        client.connect(broker.host, broker.port, broker.keepalive)

    def attach(self) -> None:
        """Start reading from the new connection."""
        tap = self._client.socket()
        if not isinstance(tap, Tap):
            self._closed("the broker closed the connection")
            return
        self._tap = tap
        self._reader = Reader(
            tap, other_frame=self._pass_to_paho, received=self._observer.received, ended=self._ended
        )
        self._reader.start()
        self._write()

    def detach(self) -> None:
        """Close the connection, if it is still open."""
        self._queue.stop()
        self._unwatch()
        if (sock := self._client.socket()) is not None:
            sock.close()

    def disconnect(self) -> None:
        """Send DISCONNECT, so that the broker does not wait for the client."""
        self._client.disconnect()
        self._client.loop_write()

    def keep_alive(self) -> None:
        """Ping when it is time; to be called about once a second."""
        if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._observer.lost(Loss.SILENT, "no answer within the keep-alive")

    def listens(self) -> bool:
        """Whether the broker still accepts connections; blocks, so it must run in a thread."""
        broker = self._broker
        try:
            socket.create_connection((broker.host, broker.port), CONNECT_SECONDS).close()
        except OSError:
            return False
        return True

    def _open(self) -> Tap:
        broker = self._broker
        sock = socket.create_connection((broker.host, broker.port), CONNECT_SECONDS)
        return Tap(secure(sock, broker, CONNECT_SECONDS) if broker.tls else sock)

    def _pass_to_paho(self, frame: bytes) -> None:
        """Let paho process a frame. Raises BrokenStream for one that it cannot read."""
        if self._tap is None:
            return
        self._tap.push(frame)
        try:
            self._client.loop_read()
        except (struct.error, IndexError, KeyError, ValueError) as error:
            raise BrokenStream(f"a packet that cannot be read: {error}") from error

    def _ended(self, error: Exception) -> None:
        match error:
            case BrokenStream():
                self._observer.lost(Loss.PROTOCOL, f"the broker sent what is not MQTT: {error}")
            case ssl.SSLError():
                self._observer.lost(Loss.TLS, explain(error))
            case OSError() if self._connack_received:
                self._closed(explain(error))
            case _:
                self._closed("the broker closed the connection")

    def _closed(self, why: str) -> None:
        """The connection ended; before CONNACK and soon after it there are specific causes."""
        broker = self._broker
        if not self._connack_received:
            why = explain_no_connack(tls=broker.tls, certified=broker.cert_file is not None)
        elif filters := self._queue.unanswered():
            self._observer.lost(Loss.SUBSCRIBE, explain_no_suback(why, filters))
            return
        self.ended_soon = (
            self._connack_received and time.monotonic() - self._connack_steady < BRIEF_SECONDS
        )
        self._observer.lost(Loss.CLOSED, why)

    def _write(self) -> None:
        """Send what is queued; while the socket is full, wait until it is writable."""
        if self._client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._closed("the connection broke while writing")
        elif self._tap is not None:
            if self._client.want_write():
                self._loop.add_writer(self._tap, self._write)
            else:
                self._loop.remove_writer(self._tap)

    def _unwatch(self) -> None:
        """A closed descriptor must not stay registered: its number is reused."""
        if self._reader is not None:
            self._reader.stop()
        tap, self._tap = self._tap, None
        if tap is not None and tap.fileno() >= 0:
            self._loop.remove_writer(tap)

    def _make_client(self) -> Client:
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
            # paho would reconnect by itself, and block the event loop meanwhile.
            reconnect_on_failure=False,
        )
        client.open_socket = self._open
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_register_write = self._on_want_write
        client.on_socket_close = self._on_socket_close
        return client

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        """A message of QoS 1 or 2: never subscribed to, but accepted."""
        if self._reader is not None:
            # Not message.topic: it decodes, which may fail, and the look-up needs bytes.
            self._reader.batch.append((message._topic, bytes(message.payload), message.retain))

    def _on_connect(
        self, _client: Client, _data: object, _flags: object, code: ReasonCode,
        _properties: Properties | None,
    ) -> None:  # fmt: skip
        self._connack_received, self._connack_steady = True, time.monotonic()
        if code.is_failure:
            self._observer.lost(Loss.REFUSED, f"the broker refused the connection: {code}")
        else:
            self._observer.connected()

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: object, code: ReasonCode,
        _properties: Properties | None,
    ) -> None:  # fmt: skip
        if (loss := _LOSSES.get(code.getName())) is not None:
            self._observer.lost(loss, f"the session ended: {code}")
        else:
            self._closed("the connection ended")

    def _on_subscribe(
        self, _client: Client, _data: object, packet: int, codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:  # fmt: skip
        filters = self._queue.acknowledged(packet)
        results = zip(filters, codes, strict=False)
        self._observer.granted(filters, [topic for topic, code in results if code.is_failure])

    def _on_want_write(self, _client: Client, _data: object, _sock: object) -> None:
        """paho queued a packet, in the event loop's thread or in the connecting one."""
        self._loop.call_soon_threadsafe(self._send)

    def _send(self) -> None:
        if self._tap is not None:
            self._write()

    def _on_socket_close(self, _client: Client, _data: object, _sock: "SocketLike") -> None:
        self._unwatch()
