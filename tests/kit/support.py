"""Waiting for a condition, and small MQTT clients that tests publish and listen with."""

import asyncio
import inspect
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

T = TypeVar("T")
PATIENCE_SECONDS = 10.0


@overload
async def eventually(
    predicate: Callable[[], Awaitable[T]], seconds: float = ..., every: float = ...
) -> T: ...


@overload
async def eventually(predicate: Callable[[], T], seconds: float = ..., every: float = ...) -> T: ...


async def eventually(
    predicate: Callable[[], Any],
    seconds: float = PATIENCE_SECONDS,
    every: float = 0.02,
) -> Any:
    """The first truthy value of the predicate; AssertionError with its last one otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s, last value: {value!r}")
        await asyncio.sleep(every)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as a subscriber got it."""

    topic: str
    payload: str
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for a client that breaks off."""

    topic: str
    payload: str
    retain: bool = False


class Peer:
    """A paho client in a thread of its own, connected as long as the block.

    With `reconnect`, it comes back by itself where a connection ends.
    """

    def __init__(
        self,
        port: int,
        *,
        client_id: str = "",
        username: str | None = None,
        password: str | None = None,
        ca_file: str | None = None,
        will: Will | None = None,
        reconnect: bool = False,
    ) -> None:
        self.connected = threading.Event()
        self.lost = threading.Event()
        """Set when a connection ended."""
        self.refused: str | None = None
        """Why the broker did not take the client, where it said so."""
        self._port = port
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=reconnect
        )
        if username is not None:
            self._client.username_pw_set(username, password)
        if ca_file is not None:
            self._client.tls_set(ca_file)
        if will is not None:
            self._client.will_set(will.topic, will.payload, retain=will.retain)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self.lost.set()

    def open(self) -> None:
        """Begin to connect; `connected` or `refused` tells how it went."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()

    def __enter__(self) -> Self:
        self.open()
        assert self._ready().wait(PATIENCE_SECONDS), f"no broker: {self.refused}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave in good order: the last will is not sent."""
        self._client.disconnect()
        self._end()

    def break_off(self) -> None:
        """Vanish without a word, so that the broker sends the last will."""
        sock = self._client.socket()
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)
        assert self.lost.wait(PATIENCE_SECONDS), "still connected"
        self._end()

    def _end(self) -> None:
        self._client.loop_stop()
        # Else the collector finds its pair of sockets open, in whichever test it runs.
        self._client._reset_sockets()

    def _ready(self) -> threading.Event:
        return self.connected

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _: Any) -> None:
        if reason.is_failure:
            self.refused = str(reason)
        else:
            self.connected.set()


class Publisher(Peer):
    """Says things to a broker."""

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Returns when the broker has it (quality of service 1)."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        sent.wait_for_publish(PATIENCE_SECONDS)
        assert sent.is_published(), f"not published: {topic}"

    def say(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish as chargers do, at quality of service 0."""
        self._client.publish(topic, payload, qos=0, retain=retain)


class Subscriber(Peer):
    """Hears what a broker says on some filters; the block begins when they are granted."""

    def __init__(self, port: int, *filters: str, **options: Any) -> None:
        super().__init__(port, **options)
        self._filters = filters or ("#",)
        self._subscribed = threading.Event()
        self._lock = threading.Lock()
        self._received: list[Heard] = []
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()

    @property
    def received(self) -> list[Heard]:
        """All messages so far, in their order."""
        with self._lock:
            return list(self._received)

    def payloads(self, topic: str) -> list[str]:
        return [heard.payload for heard in self.received if heard.topic == topic]

    def _ready(self) -> threading.Event:
        return self._subscribed

    def _on_connect(self, client: Client, data: Any, flags: Any, reason: Any, more: Any) -> None:
        super()._on_connect(client, data, flags, reason, more)
        if not reason.is_failure:
            client.subscribe([(pattern, 0) for pattern in self._filters])

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        heard = Heard(message.topic, message.payload.decode(), message.retain)
        with self._lock:
            self._received.append(heard)
