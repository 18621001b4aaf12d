"""What the tests of polling share: hand-written servers, keys, and a client that may poll them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from bridge.core.model import ChargerId
from bridge.core.polling.address import Address, Ip
from bridge.core.polling.address_policy import AddressPolicy, Network
from bridge.core.polling.login import ChargerLogin
from bridge.core.polling.outcome import Page
from bridge.core.polling.reply import PollReply
from bridge.core.polling.request_gate import RequestGate
from bridge.core.polling.schedule import PollConfig, PollSchedule
from bridge.core.polling.server_queues import ServerQueues
from bridge.sources.http.client import HttpClient
from bridge.sources.http.credentials import Credentials
from bridge.sources.http.exchange import tls_context

SEVEN = ChargerId("seven")
LOOPBACK = (ip_network("127.0.0.0/8"),)
Respond = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def http(body: bytes | str, head: str = "200 OK", *fields: str) -> bytes:
    """A whole response, closed at its end."""
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {head}", f"Content-Length: {len(raw)}", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + raw


@dataclass
class Stranger:
    """A server that says what the test wants, and keeps what it was told."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    ended: int = 0

    @property
    def address(self) -> Address:
        return Address(False, "127.0.0.1", self.port, ip_address("127.0.0.1"))

    def fields(self) -> dict[str, str]:
        """The header of the only request."""
        (request,) = self.requests
        lines = request.decode().split("\r\n")[1:]
        return dict(line.split(": ", 1) for line in lines if line)


@contextlib.asynccontextmanager
async def strange(
    respond: Respond | bytes,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    wait: bool = True,
) -> AsyncIterator[Stranger]:
    """Listens as long as the block; every connection is ended with it.

    With `wait` it answers to requests, without to whoever connects.
    """
    stranger = Stranger(0)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if wait:
                stranger.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if isinstance(respond, bytes):
                writer.write(respond)
                await writer.drain()
            else:
                await respond(reader, writer)
        stranger.ended += 1
        writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    stranger.port = server.sockets[0].getsockname()[1]
    try:
        yield stranger
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Plan:
    """A schedule with its queues and its gate; `heard` are the ids that were heard over MQTT."""

    config: PollConfig
    random: Callable[[], float]
    heard: set[ChargerId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.gate = RequestGate(self.config.min_gap)
        self.queues = ServerQueues(self.gate, heard=self.heard.__contains__)
        self.schedule = PollSchedule(self.config, queues=self.queues, random=self.random)


@dataclass
class Keys:
    """The same for every charger; remembers who was asked about."""

    sent: ChargerLogin | None = None
    more: tuple[Network, ...] = ()
    asked: list[tuple[ChargerId, str]] = field(default_factory=list)

    def allow(self, charger: ChargerId) -> Iterable[Network]:
        return self.more

    def login(self, charger: ChargerId, ip: Ip) -> ChargerLogin | None:
        self.asked.append((charger, str(ip)))
        return self.sent


@dataclass
class Names:
    """A resolver that knows what the test told it."""

    known: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str) -> tuple[Ip, ...]:
        self.asked.append(host)
        return tuple(ip_address(text) for text in self.known.get(host, ()))


def client(
    *,
    keys: Keys | Credentials | None = None,
    names: Names | None = None,
    timeout: float = 5.0,
    allow: Iterable[Network] = LOOPBACK,
    tls: ssl.SSLContext | None = None,
    gate: RequestGate | None = None,
    trusted: Callable[[ChargerId], bool] = lambda charger: True,
) -> HttpClient:
    """A client that may poll loopback; without a gate of its own, at once again."""
    return HttpClient(
        policy=AddressPolicy(allow, own=lambda ip: False),
        credentials=keys or Keys(),
        trusted=trusted,
        gate=gate or RequestGate(0.0),
        resolve=(names or Names()).resolve,
        timeout=timeout,
        tls=tls or tls_context(None),
    )


async def answer_to(
    respond: Respond | bytes, page: Page = Page.STATUS, *, seconds: float = 5.0
) -> PollReply:
    """What the client makes of a server's answer."""
    one = client(timeout=seconds)
    async with strange(respond) as stranger:
        return await one.fetch(SEVEN, stranger.address, page)
