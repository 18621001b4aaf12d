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
from bridge.sinks.influx.withheld_columns import WithheldColumns

IDLE_SECONDS = 60.0

T = TypeVar("T")


class JournalBacklog(Protocol):
    """What delivery needs of the journal; all but `backlog` may raise DiskTrouble."""

    def backlog(self, store: str, /) -> Backlog:
        """How much is behind the store's cursor."""

    async def read(self, store: str, most: int, /) -> Batch | None:
        """The next lines behind the store's cursor, up to `most`; None where there are none."""

    async def acknowledge(
        self, store: str, batch: Batch, refusals: Sequence[RefusedLine], unix_ms: int, /
    ) -> None:
        """Move the cursor over the batch; to do so again changes nothing."""

    async def wait_for_more(self, store: str, seconds: float, /) -> None:
        """Return when there is something behind the cursor, or after `seconds`."""


class DeliveryReport(retry.RequestReport, Protocol):
    """Receives the progress of delivery; called on the event loop."""

    def stored(self, store: str, points: int, readings: int, unix: float, /) -> None:
        """The store has these; `unix` is the time in seconds."""

    def refused(self, store: str, points: int, readings: int, columns: int, /) -> None:
        """The store refused these for good; `columns` are single columns of stored points."""

    def journal_trouble(self, store: str, why: str, /) -> None:
        """The journal failed; it is tried again."""


class Delivery:
    """Reads behind the store's cursor, writes to the store, acknowledges, and repeats.

    A batch is acknowledged when each of its lines is stored or refused; lines of a batch that
    was not acknowledged are sent again. `run` and `drain` must not run at the same time.
    """

    def __init__(
        self, name: str, journal: JournalBacklog, store: Store, *, report: DeliveryReport,
        batch: int = 5000, flush_every: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
    ) -> None:  # fmt: skip
        self._name = name
        self._journal = journal
        self._report = report
        self._most_lines = batch
        self._flush_every = flush_every
        self._sleep = sleep
        self._clock = clock
        self._steady = steady
        self._withheld = WithheldColumns()
        self._retry = RetryingWriter(name, store, report=report, sleep=sleep, random=random)
        self._disk_backoff = Backoff(random)

    @property
    def name(self) -> str:
        return self._name

    async def run(self) -> None:
        """Deliver until cancelled; full batches back to back, smaller ones every `flush_every`."""
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
        """Deliver what is left, within `seconds`; raises nothing but a cancellation."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (batch := await self._read()) is not None:
                    await self._deliver(batch)

    async def _read(self) -> Batch | None:
        return await self._with_retry(lambda: self._journal.read(self._name, self._most_lines))

    async def _deliver(self, batch: Batch) -> None:
        withheld = self._withheld.reasons(self._steady())
        written = await write_all(batch.lines, batch.readings, self._retry.write, withheld)
        self._withheld.add(written.conflicts, self._steady())
        await self._with_retry(lambda: self._acknowledge(batch, written.refusals))

    async def _acknowledge(self, batch: Batch, refusals: Sequence[RefusedLine]) -> None:
        """Finished even when cancelled, so that the cursor and the counters agree."""
        task = asyncio.create_task(self._acknowledge_and_count(batch, refusals))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()
            raise

    async def _acknowledge_and_count(self, batch: Batch, refusals: Sequence[RefusedLine]) -> None:
        unix = self._clock()
        await self._journal.acknowledge(self._name, batch, refusals, round(unix * 1000))
        # No await from here on: the counters change together with the backlog.
        lost = sum(refusal.readings for refusal in refusals)
        columns = sum(refusal.column_alone for refusal in refusals)
        points = len(refusals) - columns
        if len(batch.lines) > points:
            stored = sum(batch.readings) - lost
            self._report.stored(self._name, len(batch.lines) - points, stored, unix)
        if refusals:
            self._report.refused(self._name, points, lost, columns)
            self._report.trouble(self._name, refusals[0].reason, "refused")

    async def _with_retry(self, work: Callable[[], Awaitable[T]]) -> T:
        """Call the journal, and retry with back-off while its disk fails."""
        while True:
            try:
                result = await work()
            except DiskTrouble as trouble:
                self._report.journal_trouble(self._name, str(trouble))
                await self._sleep(self._disk_backoff.next())
            else:
                self._disk_backoff.reset()
                return result
