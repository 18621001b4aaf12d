"""A small stand-in for brokers that end the connection at what others allow.

AWS IoT Core ends it at more than eight filters in one SUBSCRIBE, and at more than fifty
subscriptions of one connection, both without an answer.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridge.core.discovery.announcement import matches

CONNECT, SUBSCRIBE, PINGREQ = 0x10, 0x82, 0xC0
CONNACK, PINGRESP = b"\x20\x02\x00\x00", b"\xd0\x00"


@dataclass
class StrictBroker:
    """`retained` is sent as retained to whom it matches, `live` as live messages."""

    retained: Mapping[str, str]
    live: Mapping[str, str]
    most_per_packet: int = 8
    most_per_connection: int = 50
    port: int = 0
    connections: int = 0
    packets: list[int] = field(default_factory=list)
    """The number of filters in each SUBSCRIBE."""
    subscribed: list[str] = field(default_factory=list)
    """The filters of the present connection."""

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        self.connections += 1
        self.subscribed = []
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head, body = await _packet(reader)
                if head == CONNECT:
                    writer.write(CONNACK)
                elif head == PINGREQ:
                    writer.write(PINGRESP)
                elif head == SUBSCRIBE and not self._subscribe(body, writer):
                    break
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def _subscribe(self, body: bytes, writer: asyncio.StreamWriter) -> bool:
        filters = _filters(body[2:])
        self.packets.append(len(filters))
        self.subscribed += filters
        too_many = len(self.subscribed) > self.most_per_connection
        if len(filters) > self.most_per_packet or too_many:
            return False
        writer.write(_frame(0x90, body[:2] + b"\x00" * len(filters)))
        for head, messages in ((0x31, self.retained), (0x30, self.live)):
            for topic, payload in messages.items():
                if any(matches(each, topic) for each in filters):
                    name = topic.encode()
                    text = len(name).to_bytes(2, "big") + name + payload.encode()
                    writer.write(_frame(head, text))
        return True


@asynccontextmanager
async def strict_broker(
    retained: Mapping[str, str],
    live: Mapping[str, str],
    *,
    most_per_packet: int = 8,
    most_per_connection: int = 50,
) -> AsyncIterator[StrictBroker]:
    """A broker that listens on a free loopback port."""
    broker = StrictBroker(retained, live, most_per_packet, most_per_connection)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    async with server:
        yield broker


def _frame(head: int, body: bytes) -> bytes:
    length, left = b"", len(body)
    while True:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([head]) + length + body


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head, length, shift = (await reader.readexactly(1))[0], 0, 0
    while True:
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return head, await reader.readexactly(length)


def _filters(body: bytes) -> list[str]:
    found = []
    while body:
        end = 2 + int.from_bytes(body[:2], "big")
        found.append(body[2:end].decode())
        body = body[end + 1 :]
    return found
