"""An hour without the store, on a clock that the test turns; the disk is real."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bridge.core.errors import SinkBusy
from bridge.core.output.batch import Backlog, Batch
from bridge.monitoring.stats import Stats
from bridge.sinks.influx.delivery import Delivery
from bridge.storage.journal import Journal

HOUR = 3600
EVERY = 5
"""Seconds between two commits of the journal, to keep the test short."""


class Hour:
    """Time, the chargers that go on speaking, and the store that is away."""

    def __init__(self) -> None:
        self.now = 0.0
        self.until = 0.0
        self.over = asyncio.Event()
        self.written = 0
        self.delivered: list[bytes] = []
        self.tries = 0
        self.journal: Journal | None = None
        self.stats = Stats(version="1", stores=("main",))

    async def open(self, folder: Path) -> None:
        self.journal = await Journal.open(
            folder, stores=("main",), keep=timedelta(days=7), limit=10**9, points_lost=self.lost
        )

    def lost(self, store: str, backlog: Backlog) -> None:
        raise AssertionError(f"{backlog.points} points lost")

    async def sleep(self, seconds: float) -> None:
        """Time passes for everyone."""
        assert self.journal is not None
        self.now += seconds
        while self.written * EVERY <= self.now and self.now < 2 * HOUR:
            line = b"line %d" % self.written
            self.written += 1
            stamp = self.written * 1000
            await self.journal.append(Batch([line], [3], stamp, stamp))
        if self.now >= self.until:
            self.over.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    async def write(self, lines: Sequence[bytes]) -> None:
        self.tries += 1
        if self.now < HOUR:
            raise SinkBusy("away")
        self.delivered += lines
        if len(self.delivered) == self.written:
            self.over.set()

    def request(self, store: str, outcome: str, seconds: float) -> None:
        self.stats.request(store, outcome, seconds)

    def stored(self, store: str, points: int, readings: int, at: float) -> None:
        self.stats.stored(store, points, readings, at)

    def refused(self, store: str, points: int, readings: int, columns: int) -> None:
        raise AssertionError("nothing is refused")

    def journal_trouble(self, store: str, why: str, /) -> None:
        raise AssertionError(why)

    def trouble(self, store: str, why: str, kind: str) -> None:
        assert kind == "busy"


async def deliver(hour: Hour, until: float) -> None:
    """Let the delivery run until this time has come, or all is delivered."""
    assert hour.journal is not None
    delivery = Delivery(
        "main", hour.journal, hour, report=hour, batch=100, sleep=hour.sleep, random=lambda: 0.5
    )
    hour.until = until
    hour.over.clear()
    running = asyncio.create_task(delivery.run())
    async with asyncio.timeout(60):
        await hour.over.wait()
    running.cancel()
    await asyncio.wait({running})


async def test_an_hour_without_the_store_and_a_restart_in_the_middle_lose_nothing(
    tmp_path: Path,
) -> None:
    hour = Hour()
    await hour.open(tmp_path)
    assert hour.journal is not None
    await hour.journal.append(Batch([b"line 0"], [3], 1000, 1000))
    hour.written = 1
    await deliver(hour, HOUR / 2)
    assert hour.delivered == []
    await hour.journal.close()
    await hour.open(tmp_path)
    assert hour.journal.backlog("main").readings == 3 * hour.written
    await deliver(hour, 2 * HOUR)
    assert hour.now >= HOUR
    assert hour.tries < 250
    assert hour.delivered == [b"line %d" % n for n in range(hour.written)]
    assert len(hour.delivered) > HOUR / EVERY - 20
    assert hour.journal.backlog("main").points == 0
    assert hour.stats.accounts.stored == 3 * len(hour.delivered)
    await hour.journal.close()
