"""The journal: every point on disk first, and a cursor of its own for each store."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar

import structlog

from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.storage import journal_sql, retention
from bridge.storage.database import Damaged, Worker, connect, full, set_aside, translated
from bridge.storage.journal_sql import FILE, SCHEMA, VERSION, Cursor, SpoiledRow
from bridge.storage.reserve import Reserve
from bridge.storage.retention import Trimmed

log = structlog.get_logger("journal")

T = TypeVar("T")


LATELY = 200
"""Rows: some minutes."""


class Journal:
    """Appends, reads and settles; all disk work is in one thread of its own.

    A `backlog` changes on the event loop, together with the end of the call that
    changed it, so that an account of all readings is right at any moment.
    """

    def __init__(
        self, folder: Path, *, stores: Sequence[str], keep: timedelta, limit: int,
        lost: Callable[[str, Backlog], None],
    ) -> None:  # fmt: skip
        self._path = folder / FILE
        self._stores = tuple(stores)
        self._keep = keep
        self._limit = limit
        self._worker = Worker("journal")
        self._reserve = Reserve(folder)
        self._connection: sqlite3.Connection | None = None
        self._cursors: dict[str, Cursor] = {}
        """Touched by the worker's thread alone."""
        self._backlogs: dict[str, Backlog] = {}
        self._in_delivery: dict[str, Batch] = {}
        self._last_row = 0
        self._generation = 0
        self._lost = lost
        self._grown = asyncio.Event()
        self.bytes = 0
        """Disk space in use, as of before the last append, or after the last trim."""
        self.last_ms = 0
        """The greatest stamp in the journal when it was opened."""

    @classmethod
    async def open(
        cls, folder: Path, *, stores: Sequence[str], keep: timedelta, limit: int,
        lost: Callable[[str, Backlog], None],
    ) -> Self:  # fmt: skip
        """Open or create; a damaged file is set aside and a fresh one begun.

        `lost` is told, on the event loop, what a store never gets of what it was owed.
        Raises DiskTrouble, or CannotStart for the file of a newer bridge.
        """
        journal = cls(folder, stores=stores, keep=keep, limit=limit, lost=lost)
        try:
            journal._backlogs = await journal._worker.do(journal._open)
        except Damaged as damage:
            why = str(damage)
            journal._backlogs = await journal._worker.do(lambda: journal._begin_anew(why))
        return journal

    def backlog(self, store: str) -> Backlog:
        """What this store has not yet."""
        return self._backlogs.get(store, Backlog())

    async def append(self, batch: Batch) -> None:
        """Committed when it returns; raises DiskTrouble when it is not."""
        count, readings = len(batch.lines), sum(batch.readings)
        await self._guarded(lambda connection: self._append(connection, batch))
        for store, backlog in self._backlogs.items():
            oldest = backlog.oldest_ms if backlog.points else batch.first_ms
            self._backlogs[store] = Backlog(
                backlog.readings + readings, backlog.points + count, oldest
            )
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def lacking(self, lines: Sequence[bytes]) -> list[bytes]:
        """Those of the lines that were not appended lately."""
        if not lines:
            return []
        return await self._guarded(lambda each: journal_sql.lacking(each, lines, LATELY))

    async def read(self, store: str, most: int) -> Batch | None:
        """What lies behind the store's cursor, up to `most` lines; None for nothing.

        Until it is settled or read again it is not trimmed.
        """
        while True:
            found = await self._guarded(lambda connection: self._read(connection, store, most))
            if not isinstance(found, SpoiledRow):
                break
            await self._skip(store, found)
        if found is not None:
            self._in_delivery[store] = found
        return found

    async def settle(
        self, store: str, batch: Batch, refusals: Sequence[RefusedLine], at_ms: int
    ) -> None:
        """The store is done with this batch: all of it is stored, or refused as said.

        Settling a batch again changes nothing.
        """
        held = self._in_delivery.get(store)
        if held is None or held.last_row != batch.last_row:
            return
        oldest = await self._guarded(
            lambda connection: self._settle(connection, store, batch.last_row, refusals, at_ms)
        )
        del self._in_delivery[store]
        backlog = self._backlogs[store]
        self._backlogs[store] = Backlog(
            backlog.readings - sum(batch.readings), backlog.points - len(batch.lines), oldest
        )

    async def wait_for_more(self, store: str, seconds: float) -> None:
        """Return when something lies behind the cursor, or after `seconds`."""
        if not self.backlog(store).points:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._grown.wait(), seconds)

    async def trim(self, now_ms: int) -> Trimmed:
        """Keep the bounds; what a store had not yet is lost to it, and told."""
        before_ms = now_ms - int(self._keep.total_seconds() * 1000)
        total = Trimmed()
        while True:
            step = await self._guarded(lambda connection: self._trim(connection, before_ms))
            for store, lost in step.lost.items():
                self._lose(store, lost, step.oldest[store])
            total.add(step)
            if not step.rows:
                break
        await self._guarded(self._give_back)
        return total

    async def close(self) -> None:
        """Finish what was asked and close the file."""
        await self._worker.do(self._close)
        await self._worker.close()

    async def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work on the file; once more on a fresh one if this one is damaged."""
        generation = self._generation
        try:
            return await self._worker.do(lambda: self._do(work))
        except Damaged as damage:
            if generation == self._generation:
                await self._renew(str(damage))
        return await self._worker.do(lambda: self._do(work))

    async def _skip(self, store: str, spoiled: SpoiledRow) -> None:
        """One bad row is in nobody's way."""
        log.error("journal.row_spoiled", store=store, row=spoiled.row, points=spoiled.points)
        oldest = await self._guarded(
            lambda connection: self._settle(connection, store, spoiled.row, (), 0)
        )
        self._lose(store, Backlog(spoiled.readings, spoiled.points), oldest)

    def _lose(self, store: str, lost: Backlog, oldest_ms: int | None) -> None:
        backlog = self._backlogs[store]
        self._backlogs[store] = Backlog(
            backlog.readings - lost.readings, backlog.points - lost.points, oldest_ms
        )
        self._lost(store, lost)

    async def _renew(self, why: str) -> None:
        """What the damaged file owed is lost, but for what the stores hold at this moment."""
        self._generation += 1
        for store, backlog in self._backlogs.items():
            held = self._in_delivery.get(store)
            rest = Backlog(sum(held.readings), len(held.lines)) if held else Backlog()
            self._backlogs[store] = rest
            self._lost(
                store, Backlog(backlog.readings - rest.readings, backlog.points - rest.points)
            )
        await self._worker.do(lambda: self._begin_anew(why))

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with translated(self._path):
            if self._connection is None:
                self._connect()
            elif not self._path.exists():
                raise Damaged(f"{self._path.name} is gone")
            assert self._connection is not None
            try:
                return work(self._connection)
            except sqlite3.OperationalError as error:
                if not full(error) or not self._reserve.let_go():
                    raise
            log.warning("disk.full", let_go="the reserve")
            retention.make_room(self._connection, self._cursors)
            return work(self._connection)

    def _connect(self) -> None:
        """Rows are numbered on, so that no cursor can stand before a row of an older file."""
        connection = connect(self._path, SCHEMA, VERSION)
        try:
            self._cursors = journal_sql.cursors(connection, self._stores)
            journal_sql.begin_after(connection, self._last_row)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _open(self) -> dict[str, Backlog]:
        """Raises Damaged; in the worker's thread, like all below."""

        def look(connection: sqlite3.Connection) -> dict[str, Backlog]:
            self.last_ms, self._last_row = journal_sql.last(connection)
            self.bytes = retention.used_bytes(connection, self._path)
            places = self._cursors.items()
            return {store: journal_sql.backlog(connection, place.row) for store, place in places}

        return self._do(look)

    def _begin_anew(self, why: str) -> dict[str, Backlog]:
        self._close()
        with translated(self._path):
            aside = set_aside(self._path)
        log.error("journal.damaged", why=why, set_aside=str(aside))
        return self._open()

    def _append(self, connection: sqlite3.Connection, batch: Batch) -> None:
        """The commit comes last: what fails after it would be appended again."""
        packed = journal_sql.pack(batch.lines, batch.readings)
        self.bytes = retention.used_bytes(connection, self._path)
        self._last_row = journal_sql.append(
            connection, packed, len(batch.lines), sum(batch.readings), batch.first_ms,
            batch.last_ms,
        )  # fmt: skip

    def _trim(self, connection: sqlite3.Connection, before_ms: int) -> Trimmed:
        return retention.trim(
            connection, self._path, before_ms=before_ms, limit=self._limit, places=self._cursors
        )

    def _give_back(self, connection: sqlite3.Connection) -> None:
        retention.give_back(connection)
        self._reserve.hold()
        self.bytes = retention.used_bytes(connection, self._path)

    def _read(
        self, connection: sqlite3.Connection, store: str, most: int
    ) -> Batch | SpoiledRow | None:
        place = self._cursors[store]
        found = journal_sql.read(connection, place.row, most)
        place.holds = found.last_row if isinstance(found, Batch) else 0
        return found

    def _settle(
        self, connection: sqlite3.Connection, store: str, last_row: int,
        refusals: Sequence[RefusedLine], at_ms: int,
    ) -> int | None:  # fmt: skip
        journal_sql.settle(connection, store, last_row, refusals, at_ms)
        place = self._cursors[store]
        place.row, place.holds = max(place.row, last_row), 0
        return journal_sql.oldest_after(connection, place.row)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
