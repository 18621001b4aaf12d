"""The journal: every point goes to disk first; each store has its own cursor."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar

import structlog

from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.storage import journal_sql
from bridge.storage.database import Worker
from bridge.storage.format import Damaged
from bridge.storage.journal_file import JournalFile
from bridge.storage.journal_sql import CorruptRow, JournaledTotals
from bridge.storage.retention import Trimmed

log = structlog.get_logger("journal")

T = TypeVar("T")

RECENT_ROWS = 200
"""The rows of some minutes."""
TOTALS_ROWS = 500
"""The rows of more minutes than the state file, or its newest snapshot, lags behind."""


class Journal:
    """Appends, reads, acknowledges and trims; all disk work is in one thread of its own.

    A `backlog` changes on the event loop when the call that changes it ends, so that the
    accounting of readings is right at any moment.
    """

    def __init__(
        self, folder: Path, *, stores: Sequence[str], keep: timedelta, limit: int,
        points_lost: Callable[[str, Backlog], None],
    ) -> None:  # fmt: skip
        self._keep = keep
        self._worker = Worker("journal")
        self._file = JournalFile(folder, stores=stores, limit=limit)
        self._backlogs: dict[str, Backlog] = {}
        self._in_delivery: dict[str, Batch] = {}
        self._generation = 0
        """Counts the replacements of a damaged file."""
        self._points_lost = points_lost
        self._appended = asyncio.Event()

    @classmethod
    async def open(
        cls, folder: Path, *, stores: Sequence[str], keep: timedelta, limit: int,
        points_lost: Callable[[str, Backlog], None],
    ) -> Self:  # fmt: skip
        """Open or create; a damaged file is set aside and replaced by a new one.

        `points_lost` is called on the event loop with a store and the part of its backlog that
        it will never receive. Raises DiskTrouble, or CannotStart for the file of a newer bridge.
        """
        journal = cls(folder, stores=stores, keep=keep, limit=limit, points_lost=points_lost)
        try:
            journal._backlogs = await journal._worker.run(journal._file.open)
        except Damaged as damage:
            why = str(damage)
            journal._backlogs = await journal._worker.run(lambda: journal._file.replace(why))
        return journal

    @property
    def used_bytes(self) -> int:
        """Disk space in use, as of before the last append, or after the last trim."""
        return self._file.used_bytes

    @property
    def last_ms(self) -> int:
        """The greatest timestamp in the journal when it was opened."""
        return self._file.last_ms

    def backlog(self, store: str) -> Backlog:
        """The points behind this store's cursor."""
        return self._backlogs.get(store, Backlog())

    async def append(self, batch: Batch) -> None:
        """Commit a batch; raises DiskTrouble where it is not committed."""
        count, readings = len(batch.lines), sum(batch.readings)
        await self._guarded(lambda connection: self._file.append(connection, batch))
        for store, backlog in self._backlogs.items():
            oldest = backlog.oldest_ms if backlog.points else batch.first_ms
            self._backlogs[store] = Backlog(
                backlog.readings + readings, backlog.points + count, oldest
            )
        appended, self._appended = self._appended, asyncio.Event()
        appended.set()

    async def missing(self, lines: Sequence[bytes]) -> list[bytes]:
        """Those of the lines that are not in the most recent rows."""
        if not lines:
            return []
        return await self._guarded(
            lambda connection: journal_sql.missing(connection, lines, RECENT_ROWS)
        )

    async def newest_totals(self) -> JournaledTotals:
        """What the most recent rows have of each charger's energy: (value, total), newest first."""
        return await self._guarded(
            lambda connection: journal_sql.newest_totals(connection, TOTALS_ROWS)
        )

    async def read(self, store: str, most: int) -> Batch | None:
        """The next lines behind the store's cursor, up to `most`; None where there are none.

        They are not trimmed until they are acknowledged or read again.
        """
        while True:
            found = await self._guarded(lambda connection: self._file.read(connection, store, most))
            if not isinstance(found, CorruptRow):
                break
            await self._skip(store, found)
        if found is not None:
            self._in_delivery[store] = found
        return found

    async def acknowledge(
        self, store: str, batch: Batch, refusals: Sequence[RefusedLine], unix_ms: int
    ) -> None:
        """The store has this batch, except for the lines that it refused.

        To acknowledge a batch again changes nothing.
        """
        current = self._in_delivery.get(store)
        if current is None or current.last_row != batch.last_row:
            return
        oldest = await self._guarded(
            lambda connection: self._file.acknowledge(
                connection, store, batch.last_row, refusals, unix_ms
            )
        )
        del self._in_delivery[store]
        backlog = self._backlogs[store]
        self._backlogs[store] = Backlog(
            backlog.readings - sum(batch.readings), backlog.points - len(batch.lines), oldest
        )

    async def wait_for_more(self, store: str, seconds: float) -> None:
        """Return when there is something behind the cursor, or after `seconds`."""
        if not self.backlog(store).points:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._appended.wait(), seconds)

    async def trim(self, unix_ms: int) -> Trimmed:
        """Delete what exceeds the limits; reports the points that some store did not have yet."""
        before_ms = unix_ms - int(self._keep.total_seconds() * 1000)
        total = Trimmed()
        while True:
            step = await self._guarded(lambda connection: self._file.trim(connection, before_ms))
            for store, lost in step.lost.items():
                self._deduct_loss(store, lost, step.oldest[store])
            total.add(step)
            if not step.rows:
                break
        await self._guarded(self._file.shrink)
        return total

    async def close(self) -> None:
        """Finish the work in the queue and close the file."""
        await self._worker.run(self._file.close)
        await self._worker.close()

    async def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work on the file; if the file is damaged, once more on a new one."""
        generation = self._generation
        try:
            return await self._worker.run(lambda: self._file.run(work))
        except Damaged as damage:
            if generation == self._generation:
                await self._replace_file(str(damage))
        return await self._worker.run(lambda: self._file.run(work))

    async def _skip(self, store: str, corrupt: CorruptRow) -> None:
        """Move the cursor over a row that cannot be read, so that it does not stop delivery."""
        # What its columns say may be wrong, too: the rest is counted anew.
        rest = await self._guarded(
            lambda connection: self._file.skip(connection, store, corrupt.row)
        )
        before = self._backlogs[store]
        lost = Backlog(before.readings - rest.readings, before.points - rest.points)
        log.error("journal.row_spoiled", store=store, row=corrupt.row, points=lost.points)
        self._deduct_loss(store, lost, rest.oldest_ms)

    def _deduct_loss(self, store: str, lost: Backlog, oldest_ms: int | None) -> None:
        backlog = self._backlogs[store]
        self._backlogs[store] = Backlog(
            backlog.readings - lost.readings, backlog.points - lost.points, oldest_ms
        )
        self._points_lost(store, lost)

    async def _replace_file(self, why: str) -> None:
        """The backlogs in the damaged file are lost, except for the batches in delivery."""
        self._generation += 1
        for store, backlog in self._backlogs.items():
            batch = self._in_delivery.get(store)
            rest = Backlog(sum(batch.readings), len(batch.lines)) if batch else Backlog()
            self._backlogs[store] = rest
            self._points_lost(
                store, Backlog(backlog.readings - rest.readings, backlog.points - rest.points)
            )
        await self._worker.run(lambda: self._file.replace(why))
