"""A fleet under load from a raw socket, with a ledger of what was published when."""

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

PATIENCE_SECONDS = 10.0
TURN_SECONDS = 0.02
PERIOD_SECONDS = 0.5
"""Between two documents of one charger, unless their number is told; longer than a frame's
quiet gap."""
STATES = (1, 2, 3, 3, 6, 3)
FIELDS: Mapping[str, Callable[[int], str]] = {
    "wh": lambda n: str(1000 + n),
    "amp1": lambda n: f"{n / 100:.2f}",
    "v1": lambda n: f"{100 + n / 10:.1f}",
    "pilot": lambda n: f"{n / 10:.1f}",
    "state": lambda n: str(STATES[n % len(STATES)]),
    "temp1": lambda n: str(n),
    "temp4": lambda n: str(n + 100),
    "freeram": lambda n: str(90_000 + n),
    "elapsed": lambda n: str(n),
    "wattsec": lambda n: str(3600 * n),
}
"""What the n-th document of a charger says; all but the state tell n."""


@dataclass(frozen=True, slots=True)
class Sent:
    """When a document was published: just before its first and after its last message."""

    before: float
    after: float


class Load:
    """Publishes at an even rate, in a thread of its own, as long as the block.

    `ledger` has the documents of each charger in their order: the n-th is number n.
    """

    def __init__(self, port: int, *, rate: int, chargers: int | None = None) -> None:
        self._rate = rate
        count = chargers or round(rate * PERIOD_SECONDS) // len(FIELDS)
        self.chargers = [f"c{n:04}" for n in range(count)]
        self.ledger: dict[str, list[Sent]] = {charger: [] for charger in self.chargers}
        self._stop = threading.Event()
        self._sock = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self._thread = threading.Thread(target=self._run, name="load")

    def __enter__(self) -> Self:
        self._sock.sendall(connect_packet(b"load"))
        assert self._sock.recv(4) == b"\x20\x02\x00\x00"
        for charger in self.chargers:
            said = {"state": "connected", "id": charger, "name": charger, "mqtt": f"b/{charger}"}
            self._sock.sendall(
                packet(f"openevse/announce/{charger}", json.dumps(said), retain=True)
            )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._sock.close()

    def stop(self) -> None:
        """Publish no more."""
        self._stop.set()
        self._thread.join(PATIENCE_SECONDS)

    def published(self) -> int:
        """Messages so far."""
        return sum(map(len, self.ledger.values())) * len(FIELDS)

    def _run(self) -> None:
        began, done = time.monotonic(), 0
        while not self._stop.wait(TURN_SECONDS):
            due = int((time.monotonic() - began) * self._rate / len(FIELDS))
            for number in range(done, due):
                self._say(self.chargers[number % len(self.chargers)])
            done = due

    def _say(self, charger: str) -> None:
        sent = self.ledger[charger]
        said = b"".join(
            packet(f"b/{charger}/{key}", value(len(sent))) for key, value in FIELDS.items()
        )
        before = time.time()
        self._sock.sendall(said)
        sent.append(Sent(before, time.time()))


def packet(topic: str, payload: str, *, retain: bool = False) -> bytes:
    """A PUBLISH of quality of service 0."""
    name, body = topic.encode(), payload.encode()
    rest = len(name).to_bytes(2, "big") + name + body
    return bytes([0x30 | retain]) + _length(len(rest)) + rest


def connect_packet(client: bytes) -> bytes:
    """A CONNECT of MQTT 3.1.1: clean session, no keep-alive."""
    rest = b"\x00\x04MQTT\x04\x02\x00\x00" + len(client).to_bytes(2, "big") + client
    return b"\x10" + _length(len(rest)) + rest


def _length(number: int) -> bytes:
    """The remaining length: seven bits a byte, the lowest first."""
    found = bytearray()
    while True:
        number, low = divmod(number, 128)
        found.append(low | (0x80 if number else 0))
        if not number:
            return bytes(found)
