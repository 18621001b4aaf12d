"""Moves lines from the journal to one store, at the store's own pace."""

import asyncio
import contextlib
import random as chance
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from bridge.core.backoff import Backoff
from bridge.core.errors import DiskTrouble
from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.sinks.influx import retry
from bridge.sinks.influx.bisect import write_all
from bridge.sinks.influx.retry import RetryingWriter, Store

IDLE_SECONDS = 60.0

T = TypeVar("T")


class JournalBacklog(Protocol):
    """What delivery needs of the journal; all but `backlog` may raise DiskTrouble."""

    def backlog(self, store: str, /) -> Backlog:
        """How much lies behind the store's cursor."""

    async def read(self, store: str, most: int, /) -> Batch | None:
        """What lies behind the store's cursor, up to `most` lines; None for nothing."""

    async def acknowledge(
        self, store: str, batch: Batch, refusals: Sequence[RefusedLine], unix_ms: int, /
    ) -> None:
        """Move the cursor over the batch; once more does no harm."""

    async def wait_for_more(self, store: str, seconds: float, /) -> None:
        """Return when something lies behind the cursor, or after `seconds`."""


class DeliveryReport(retry.RequestReport, Protocol):
    """Who is told how it goes, on the event loop."""

    def stored(self, store: str, points: int, readings: int, at: float, /) -> None:
        """The store has these; `at` in Unix seconds."""

    def refused(self, store: str, points: int, readings: int, /) -> None:
        """The store will never have these."""


class Delivery:
    """Reads behind the store's cursor, writes, settles, and so on.

    A batch is settled when each of its lines is stored or refused; what was sent of a
    batch that was not settled is sent again. `run` and `drain` must not run together.
    """

    def __init__(
        self, name: str, journal: JournalBacklog, store: Store, *, report: DeliveryReport,
        batch: int = 5000, flush_every: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time, random: Callable[[], float] = chance.random,
    ) -> None:  # fmt: skip
        self._name = name
        self._journal = journal
        self._report = report
        self._most_lines = batch
        self._flush_every = flush_every
        self._sleep = sleep
        self._clock = clock
        self._retry = RetryingWriter(name, store, report=report, sleep=sleep, random=random)
        self._disk_backoff = Backoff(random)

    @property
    def name(self) -> str:
        return self._name

    async def run(self) -> None:
        """Deliver until cancelled; full batches back to back, smaller ones at their pace."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            batch = await self._read()
            if batch is None:
                await self._with_retry(
                    lambda: self._journal.wait_for_more(self._name, IDLE_SECONDS)
                )
            else:
                await self._deliver(batch)
            if batch is None or self._journal.backlog(self._name).points < self._most_lines:
                await self._sleep(max(0.0, began + self._flush_every - loop.time()))

    async def drain(self, seconds: float) -> None:
        """Deliver what is left, for at most so long; never raises but for a cancellation."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (batch := await self._read()) is not None:
                    await self._deliver(batch)

    async def _read(self) -> Batch | None:
        return await self._with_retry(lambda: self._journal.read(self._name, self._most_lines))

    async def _deliver(self, batch: Batch) -> None:
        refusals = await write_all(batch.lines, batch.readings, self._retry.write)
        await self._with_retry(lambda: self._acknowledge(batch, refusals))

    async def _acknowledge(self, batch: Batch, refusals: Sequence[RefusedLine]) -> None:
        """Also when cancelled it ends before this returns, so that cursor and counts agree."""
        task = asyncio.create_task(self._acknowledge_and_count(batch, refusals))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()
            raise

    async def _acknowledge_and_count(self, batch: Batch, refusals: Sequence[RefusedLine]) -> None:
        at = self._clock()
        await self._journal.acknowledge(self._name, batch, refusals, round(at * 1000))
        # No await from here on: the counts change at the same moment as what is owed.
        bad = sum(refusal.readings for refusal in refusals)
        points, readings = len(batch.lines) - len(refusals), sum(batch.readings) - bad
        if points:
            self._report.stored(self._name, points, readings, at)
        if refusals:
            self._report.refused(self._name, len(refusals), bad)
            self._report.trouble(self._name, refusals[0].reason, "refused")

    async def _with_retry(self, work: Callable[[], Awaitable[T]]) -> T:
        """Ask the journal, again and again while its disk is in trouble."""
        while True:
            try:
                result = await work()
            except DiskTrouble:
                await self._sleep(self._disk_backoff.next())
            else:
                self._disk_backoff.reset()
                return result
