"""Scrapers of the web server: who does not read is cut off, who comes together shares."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from bridge.core.model import ChargerId
from bridge.sinks.prometheus import Exposition
from bridge.web import response_sender
from bridge.web.api import Api
from bridge.web.metrics import Metrics
from bridge.web.page import FleetPage
from bridge.web.server import Server
from bridge.web.shared_renderer import SharedRenderer
from tests.kit.core import Bench
from tests.kit.crowd import scrape
from tests.kit.support import eventually
from tests.web.test_large_fleet import Nothing
from tests.whole.test_pressure import trickling

LINES = 100_000
"""Enough that no connection's buffers hold them: 5 MB."""


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    series_table, bench = Exposition(), Bench()
    for n in range(LINES):
        series_table.series("evse_up", ChargerId(f"charger-{n:05}-with-a-long-id"), {}).set(1)
    server = Server(
        host="127.0.0.1", port=0, metrics=Metrics(series_table, CollectorRegistry()),
        page=FleetPage(bench.registry.telemetries), health=Nothing(),
        api=Api(telemetries=bench.registry.telemetries, history=Nothing(), clock=lambda: bench.now),
    )  # fmt: skip
    yield f"http://127.0.0.1:{await server.start()}"
    await server.close()


async def is_cut_off(reader: socket.socket) -> bool:
    """Whether the text ends before its end."""
    loop = asyncio.get_running_loop()
    reader.setblocking(False)
    got = 0
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(20):
            while piece := await loop.sock_recv(reader, 2**16):
                got += len(piece)
    return got < 40 * LINES


async def begun(url: str) -> socket.socket:
    """A scraper that has got the first byte and reads no more."""
    reader = trickling(url)
    reader.setblocking(False)
    assert await asyncio.get_running_loop().sock_recv(reader, 1)
    return reader


async def test_a_scraper_that_does_not_read_is_cut_off_in_time(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_sender, "SEND_TIMEOUT_SECONDS", 0.3)
    with await begun(url) as reader:
        await asyncio.sleep(0.6)
        assert await is_cut_off(reader)


async def test_of_many_slow_scrapers_the_slowest_is_cut_off_first(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_sender, "MAX_BODIES", 2)
    with await begun(url) as first, await begun(url) as second, await begun(url) as third:
        assert await is_cut_off(first)
        assert not await is_cut_off(second)
        assert not await is_cut_off(third)


async def test_beyond_the_bound_a_scraper_is_told_to_come_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_sender, "MAX_IN_FLIGHT", 1)
    with await begun(url), pytest.raises(AssertionError, match="503 Service Unavailable"):
        await scrape(url)

    async def free() -> bool:
        try:
            return bool(await scrape(url))
        except AssertionError:
            return False

    await eventually(free)


async def test_who_asks_during_a_rendering_shares_the_next_one() -> None:
    made, goes_on = list[str](), asyncio.Event()

    async def make(wanted: str) -> int:
        made.append(wanted)
        await goes_on.wait()
        return len(made)

    printing = SharedRenderer[str, int](make)
    first = asyncio.create_task(printing.get("text"))
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(printing.get("text")) for _ in range(5)]
    other = asyncio.create_task(printing.get("gzip"))
    await asyncio.sleep(0.01)
    assert made == ["text"]
    later.pop().cancel()
    goes_on.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2, 2, 2, 2]
    assert await other == 3
    assert made == ["text", "text", "gzip"]


async def test_a_rendering_that_fails_does_not_stop_the_next() -> None:
    failed = [True]

    async def make(wanted: str) -> str:
        if failed:
            failed.clear()
            raise ValueError(wanted)
        return wanted

    printing = SharedRenderer[str, str](make)
    with pytest.raises(ValueError, match="text"):
        await printing.get("text")
    assert await printing.get("text") == "text"
