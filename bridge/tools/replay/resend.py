"""Sends rows of the journal to a store, batch by batch in order, and gives up after a while."""

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from bridge.core.errors import CommandFailed
from bridge.core.output.batch import RefusedLine
from bridge.sinks.influx.bisect import write_all
from bridge.sinks.influx.retry import RetryingWriter, Store
from bridge.sinks.influx.withheld_columns import WithheldColumns

MAX_WAIT_SECONDS = 600.0
JournalRow = tuple[int, list[bytes]]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The store processed all rows up to `row`; the counts are those of this batch's points.

    `refusals` has single columns of stored points too.
    """

    row: int
    stored: int
    refused: int
    refusals: list[RefusedLine]


class RetryLimit:
    """Observes the writer's requests; ends the command once waiting is useless."""

    def __init__(self, on_wait: Callable[[str], None], seconds: float) -> None:
        self._on_wait = on_wait
        self._seconds = seconds
        self._last_success = time.monotonic()

    def request(self, _store: str, outcome: str, _seconds: float, /) -> None:
        if outcome not in {"busy", "denied"}:
            self._last_success = time.monotonic()

    def trouble(self, store: str, why: str, kind: str, /) -> None:
        """Raises CommandFailed for denied access, and where the store is unavailable too long."""
        if kind == "denied":
            raise CommandFailed(f"{store} denied access: {why}; check org, bucket and token")
        waited = time.monotonic() - self._last_success
        if waited > self._seconds:
            raise CommandFailed(
                f"{store} accepted nothing for {waited:.0f} s: {why}; "
                "run the same command again to continue from here"
            )
        self._on_wait(f"{store} is unavailable, retrying: {why}")


class Resender:
    """Sends journal rows to one store."""

    def __init__(
        self, name: str, store: Store, *, on_wait: Callable[[str], None], batch: int,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._batch = batch
        self._withheld = WithheldColumns()
        self._writer = RetryingWriter(
            name,
            store,
            report=RetryLimit(on_wait, max_wait_seconds),
            sleep=sleep,
            random=chance.random,
        )

    async def send(
        self, rows: Iterable[JournalRow], on_batch: Callable[[BatchResult], None]
    ) -> None:
        """Send all rows, calling `on_batch` after each batch. Raises CommandFailed."""
        for row, lines in _batches(rows, self._batch):
            withheld = self._withheld.reasons(time.monotonic())
            written = await write_all(lines, [1] * len(lines), self._writer.write, withheld)
            self._withheld.add(written.conflicts, time.monotonic())
            refused = written.points_refused
            on_batch(BatchResult(row, len(lines) - refused, refused, written.refusals))


def _batches(rows: Iterable[JournalRow], max_lines: int) -> Iterator[JournalRow]:
    """Rows joined up to `max_lines` lines; a longer row is a batch of its own."""
    last, joined = 0, list[bytes]()
    for row, lines in rows:
        if joined and len(joined) + len(lines) > max_lines:
            yield last, joined
            joined = []
        last = row
        joined += lines
    if joined:
        yield last, joined
