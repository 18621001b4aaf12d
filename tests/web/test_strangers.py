"""The web port in the hands of strangers: who waits, floods, guesses or has a false name."""

import asyncio
import base64
import contextlib
import resource
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from bridge.sinks.prometheus import Exposition
from bridge.web import acceptor
from bridge.web.api import Api
from bridge.web.hosts import is_ours
from bridge.web.login import WebLogin, hash_password
from bridge.web.metrics import Metrics
from bridge.web.page import FleetPage
from bridge.web.server import Server
from tests.kit.core import Bench
from tests.kit.support import eventually
from tests.web.test_large_fleet import Nothing

PASSWORD = hash_password("right")


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@asynccontextmanager
async def serving(login: WebLogin | None = None, hosts: tuple[str, ...] = ()) -> AsyncIterator[int]:
    """The port of a server of a small fleet."""
    bench = Bench()
    server = Server(
        host="127.0.0.1", port=0, metrics=Metrics(Exposition(), CollectorRegistry()),
        page=FleetPage({}), health=Nothing(), login=login, hosts=hosts,
        api=Api(telemetries={}, history=Nothing(), clock=lambda: bench.now),
    )  # fmt: skip
    try:
        yield await server.start()
    finally:
        await server.close()


async def asked(port: int, path: str, *, source: str = "127.0.0.1", **headers: str) -> int:
    """The status of a GET from a loopback address; 0 where the connection was closed."""
    lines = [
        f"GET {path} HTTP/1.1",
        *(f"{k}: {v}" for k, v in headers.items()),
        "Connection: close",
    ]
    if "Host" not in headers:
        lines.insert(1, "Host: localhost")
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    except OSError:
        return 0
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        first = await asyncio.wait_for(reader.readline(), 10)
        return int(first.split()[1]) if first else 0
    except OSError:
        return 0
    finally:
        writer.close()


async def opened(port: int, sent: bytes = b"") -> socket.socket:
    loop, sock = asyncio.get_running_loop(), socket.socket()
    sock.setblocking(False)
    await loop.sock_connect(sock, ("127.0.0.1", port))
    await loop.sock_sendall(sock, sent)
    return sock


async def is_closed(sock: socket.socket, seconds: float = 5) -> bool:
    """Whether the other side ends the connection without an answer."""
    try:
        return not await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 100), seconds)
    except ConnectionResetError:
        return True
    finally:
        sock.close()


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"\r\n\r\n", b"\r\n\r\nGET / HT"],
)
async def test_who_sends_no_whole_request_is_disconnected(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(acceptor, "HEADER_SECONDS", 0.2)
    async with serving() as port:
        sock = await opened(port, sent)
        began = time.monotonic()
        assert await is_closed(sock)
        assert 0.1 < time.monotonic() - began < 3


async def test_a_slow_but_honest_client_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "HEADER_SECONDS", 2.0)
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            for piece in (b"GET /livez HTTP/1.1\r\n", b"Host: localhost\r\n\r", b"\n"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.05)
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_connections_are_bounded_and_those_within_it_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acceptor, "MOST_CONNECTIONS", 50)
    monkeypatch.setattr(acceptor, "HEADER_SECONDS", 1.0)
    async with serving() as port:
        assert await asked(port, "/livez") == 200
        silent = [await opened(port) for _ in range(300)]
        assert await asked(port, "/livez") == 0
        # Another address gets the place of one of them.
        assert await asked(port, "/livez", source="127.0.0.9") == 200
        # After the time-out their places are free.
        await eventually(lambda: asked(port, "/livez"), 10, every=0.2)
        assert all([await is_closed(each) for each in silent])


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_descriptors")
async def test_silent_connections_leave_descriptors_for_others() -> None:
    """Client and server share this process's descriptors."""
    async with serving() as port:
        silent = list[socket.socket]()
        for _ in range(100):
            silent.append(socket.create_connection(("127.0.0.1", port)))
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        with contextlib.closing(socket.socket()):
            assert await asked(port, "/livez") in (0, 200)
        for each in silent:
            each.close()
        await eventually(lambda: asked(port, "/livez"), 10, every=0.2)


@pytest.mark.usefixtures("few_descriptors")
async def test_without_descriptors_the_listener_waits_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acceptor, "RETRY_SECONDS", 0.1)
    async with serving() as port:
        client = socket.socket()
        client.setblocking(False)
        held = list[socket.socket]()
        with contextlib.suppress(OSError):
            while True:
                held.append(socket.socket())
        with contextlib.suppress(BlockingIOError):
            client.connect(("127.0.0.1", port))
        await asyncio.sleep(0.3)
        for each in held:
            each.close()
        client.setblocking(True)
        client.settimeout(5)
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await asyncio.to_thread(client.recv, 100)).startswith(b"HTTP/1.1 200")
        client.close()


async def test_password_guessers_do_not_keep_prometheus_out() -> None:
    login = WebLogin("me", lambda: PASSWORD)
    async with serving(login) as port:
        right = basic("me", "right")
        assert await asked(port, "/metrics", Authorization=right) == 200
        guesses = [
            asyncio.create_task(asked(port, "/", Authorization=basic(["me", "you"][n % 2], str(n))))
            for n in range(300)
        ]
        scraped = [await asked(port, "/metrics", Authorization=right) for _ in range(20)]
        assert scraped == [200] * 20
        statuses = set(await asyncio.gather(*guesses))
        assert statuses <= {401, 429}
        assert 429 in statuses


async def test_a_wrong_name_takes_as_long_as_a_wrong_password() -> None:
    login = WebLogin("me", lambda: PASSWORD)
    times = dict[str, list[float]](me=[], you=[])
    for _ in range(5):
        for name, taken in times.items():
            began = time.perf_counter()
            await login.admits(basic(name, "wrong"))
            taken.append(time.perf_counter() - began)
    assert 0.3 < sorted(times["you"])[2] / sorted(times["me"])[2] < 3


async def test_a_new_password_is_valid_at_once_and_the_old_one_no_more() -> None:
    hashes = [PASSWORD]
    login = WebLogin("me", lambda: hashes[-1])
    async with serving(login) as port:
        assert await asked(port, "/metrics", Authorization=basic("me", "right")) == 200
        hashes.append(hash_password("new"))
        assert await asked(port, "/metrics", Authorization=basic("me", "right")) == 401
        assert await asked(port, "/metrics", Authorization=basic("me", "new")) == 200
        hashes.append("no hash")
        assert await asked(port, "/metrics", Authorization=basic("me", "new")) == 200


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("10.0.0.7:9876", True), ("[fd00::1]:80", True), ("[fd00::1]", True), ("localhost", True),
        ("bridge:9876", True), ("nofos.depot.svc", True),
        ("nofos.depot.svc.cluster.local:80", True),
        ("Charge.Example.org", True), ("charge.example.org.", True), ("", True),
        ("evil.example", False), ("10.0.0.7.evil.example", False), ("svc.evil.example", False),
        ("charge.example.org.evil.example", False), ("evil.svc.example", False),
        ("x.svc.evil.example", False), ("a:b:c", False),
    ],
)  # fmt: skip
def test_a_host_is_an_address_a_near_name_or_listed(host: str, ours: bool) -> None:
    assert is_ours(host, ["charge.example.org"]) is ours


async def test_a_page_under_a_foreign_name_is_not_answered() -> None:
    async with serving(hosts=("charge.example.org",)) as port:
        for path in ("/", "/api/v1/chargers", "/api/v1/events"):
            assert await asked(port, path, Host="evil.example") == 421
            assert await asked(port, path, Host="charge.example.org:9876") != 421
        for path in ("/metrics", "/livez", "/readyz"):
            assert await asked(port, path, Host="evil.example") == 200


@pytest.mark.parametrize(
    "request_line",
    ["GET / HTTP/1.1", "GET /nowhere HTTP/1.1", "POST / HTTP/1.1", "GET /metrics HTTP/1.1",
     "GET /livez HTTP/1.1", "GET /api/v1/chargers?limit=x HTTP/1.1", "nonsense", "GET / HTTP/9.9"],
)  # fmt: skip
async def test_every_answer_has_its_headers_and_no_version(request_line: str) -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{request_line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.read()).partition(b"\r\n\r\n")[0].decode().lower()
        writer.close()
    assert "aiohttp" not in head
    assert "python" not in head
    if "nonsense" not in request_line and "9.9" not in request_line:
        for line in ("cache-control: no-store", "x-content-type-options: nosniff",
                     "frame-ancestors 'none'", "base-uri 'none'"):  # fmt: skip
            assert line in head


async def test_slow_readers_leave_room_for_a_scraper_elsewhere() -> None:
    """Three hundred connections of one address, each waiting for its answer."""
    async with serving() as port:
        writers = []
        for _ in range(300):
            _, writer = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=("127.0.0.2", 0)
            )
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            writers.append(writer)
        statuses = [await asked(port, "/metrics", source="127.0.0.3") for _ in range(30)]
        assert statuses == [200] * 30
        for writer in writers:
            writer.close()
