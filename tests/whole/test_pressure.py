"""A slow store, a stalled disk, slow and many scrapers: none delays hearing or each other."""

import asyncio
import contextlib
import json
import socket
import sqlite3
import statistics
import sys
import threading
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.kit.crowd import chargers, request, scrape
from tests.kit.influx_standin import InfluxStandin, Silence
from tests.kit.lives import Life, journal_lines
from tests.kit.load import Load
from tests.kit.running import bridge
from tests.kit.servers import Mosquitto
from tests.kit.support import Publisher, eventually
from tests.sources.mqtt.test_hearing import announce

RATE = 4000
CHARGERS = 2000
SCRAPERS = 200
KEEPALIVE = {"MQTT__KEEPALIVE": "5s"}
USUAL_SECONDS = 1.0
LATEST_SECONDS = 8.0
"""What a busy machine may make of a second, now and then."""
MOST_MORE_MB = 150.0


class Probe:
    """Publishes a new number and waits until a scrape shows it."""

    def __init__(self, peer: Publisher, url: str) -> None:
        self._peer = peer
        self._url = url
        self._number = 0
        self.delays: list[float] = []

    async def send(self) -> None:
        self._number += 1
        line = b'evse_pilot_amperes{charger="probe"} %d.5\n' % self._number
        self._peer.say("b/probe/pilot", f"{self._number}.5")
        began = time.monotonic()

        async def shown() -> bool:
            return line in await scrape(self._url)

        await eventually(shown, LATEST_SECONDS)
        self.delays.append(time.monotonic() - began)

    async def during(self, work: Awaitable[object]) -> None:
        """Send on, as long as the work lasts; at least three."""
        task = asyncio.ensure_future(work)
        while len(self.delays) < 3 or not task.done():
            await self.send()
            await asyncio.sleep(0.2)
        await task
        assert statistics.median(self.delays) <= USUAL_SECONDS, self.delays


@contextlib.asynccontextmanager
async def probing(port: int, url: str) -> AsyncIterator[Probe]:
    with Publisher(port) as peer:
        announce(peer, "probe", "b/probe")
        probe = Probe(peer, url)

        async def followed() -> bool:
            return b'evse_announced{charger="probe"} 1' in await scrape(url)

        await eventually(followed, 20)
        peer.publish("b/probe/pilot", "0.5")
        await asyncio.sleep(0.5)
        yield probe


@contextlib.asynccontextmanager
async def fleet(folder: Path, broker: Mosquitto, **settings: str) -> AsyncIterator[Life]:
    """A bridge in a process of its own that has heard two thousand chargers."""
    with (
        Load(broker.port, rate=RATE, chargers=CHARGERS),
        Life(folder, broker.url, **KEEPALIVE, **settings) as life,
    ):
        await eventually(life.started, 30)

        async def hears_all() -> bool:
            return chargers(await scrape(life.url)) == CHARGERS

        await eventually(hears_all, 40, every=0.3)
        yield life


@pytest_asyncio.fixture
async def heard(mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[tuple[Life, Probe]]:
    async with fleet(tmp_path, mosquitto) as life, probing(mosquitto.port, life.url) as probe:
        yield life, probe
        assert life.metrics()["evse_bridge_mqtt_reconnects_total"] == 0


async def test_two_hundred_scrapers_at_once_delay_nobody_and_share_their_text(
    heard: tuple[Life, Probe],
) -> None:
    life, probe = heard
    before = life.memory()

    async def crowd() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.kit.crowd", life.url, str(SCRAPERS), stdout=PIPE
        )
        said, _ = await process.communicate()
        assert json.loads(said) == [CHARGERS + 1] * SCRAPERS

    await probe.during(crowd())
    assert life.memory("VmHWM") - before <= MOST_MORE_MB


async def test_scrapers_that_hardly_read_delay_nobody(heard: tuple[Life, Probe]) -> None:
    life, probe = heard
    before = life.memory()
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(trickling(life.url)) for _ in range(SCRAPERS // 4)]

        async def listen() -> None:
            for _ in range(6):
                await asyncio.sleep(1)
                assert all(each.recv(1) for each in slow)

        await probe.during(listen())
    assert life.memory("VmHWM") - before <= MOST_MORE_MB


def trickling(url: str) -> socket.socket:
    """A scraper that takes next to nothing into its buffer."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.settimeout(LATEST_SECONDS)
    host, _, port = url.removeprefix("http://").partition(":")
    sock.connect((host, int(port)))
    sock.sendall(request())
    return sock


async def test_a_store_that_does_not_answer_delays_nobody(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with InfluxStandin() as standin:
        standin.answers.extend([Silence()] * 100)
        settings = {"INFLUX__URL": standin.url, "INFLUX__BUCKET": "b", "INFLUX__TIMEOUT": "20s"}
        async with (
            fleet(tmp_path, mosquitto, **settings) as life,
            probing(mosquitto.port, life.url) as probe,
        ):
            before = life.memory()
            await eventually(lambda: standin.requests)
            await probe.during(asyncio.sleep(6))
            metrics = life.metrics()
            assert len(standin.requests) == 1
            assert life.memory("VmHWM") - before <= MOST_MORE_MB
            assert metrics["evse_bridge_mqtt_reconnects_total"] == 0
            assert metrics['evse_bridge_points_pending{store="main"}'] > 1000
            life.kill()
    # It is all on the disk, however long the store takes.
    assert len(journal_lines(tmp_path / "data")) > 1000


class Stalling(sqlite3.Connection):
    """A database whose disk takes no commit while it is stalled."""

    stalled = threading.Event()
    goes_on = threading.Event()

    def execute(self, statement: str, *more: Any) -> sqlite3.Cursor:
        if statement == "COMMIT" and self.stalled.is_set():
            self.goes_on.wait(60)
        return super().execute(statement, *more)


async def test_a_disk_that_stalls_delays_nobody_and_takes_all_of_it_later(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = partial(sqlite3.connect, factory=Stalling)
    monkeypatch.setattr(sqlite3, "connect", connect)
    with Load(mosquitto.port, rate=1000, chargers=50) as load:
        async with bridge(tmp_path, mosquitto.url, **KEEPALIVE) as running:
            url = f"http://127.0.0.1:{running.port}"
            async with probing(mosquitto.port, url) as probe:
                Stalling.stalled.set()
                try:
                    await probe.during(asyncio.sleep(5))
                    stalled = await running.metrics()
                finally:
                    Stalling.stalled.clear()
                    Stalling.goes_on.set()
                load.stop()
                settled = await running.settled(0)
    assert stalled["evse_bridge_readings_pending"] > 2000
    assert settled["evse_bridge_mqtt_reconnects_total"] == 0
    last = {line.charger: line.fields["energy"] for line in journal_lines(tmp_path / "data")
            if "energy" in line.fields}  # fmt: skip
    assert last == {charger: f"{1000.0 + len(sent) - 1}" for charger, sent in load.ledger.items()}
