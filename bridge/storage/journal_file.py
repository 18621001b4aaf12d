"""The journal's file as its thread sees it: opened, written, read, replaced when damaged."""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import structlog

from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.storage import journal_sql, retention
from bridge.storage.database import connect, is_full, set_aside, translated
from bridge.storage.format import Damaged
from bridge.storage.journal_sql import FILE, JOURNAL_FORMAT, CorruptRow, Cursor
from bridge.storage.packed_row import pack
from bridge.storage.reserve import Reserve
from bridge.storage.retention import Trimmed

log = structlog.get_logger("journal")

T = TypeVar("T")


class JournalFile:
    """Used by the journal's thread alone; any thread may read `used_bytes` and `last_ms`.

    The methods that get a connection are work for `run`.
    """

    def __init__(self, folder: Path, *, stores: Sequence[str], limit: int) -> None:
        self._path = folder / FILE
        self._stores = tuple(stores)
        self._limit = limit
        self._reserve = Reserve(folder)
        self._connection: sqlite3.Connection | None = None
        self._cursors: dict[str, Cursor] = {}
        self._last_row = 0
        self.used_bytes = 0
        """Disk space in use, as of before the last append, or after the last trim."""
        self.last_ms = 0
        """The greatest timestamp in the journal when it was opened."""

    def open(self) -> dict[str, Backlog]:
        """Open or create; returns the stores' backlogs.

        Raises Damaged, DiskTrouble, or CannotStart for the file of a newer bridge.
        """

        def load(connection: sqlite3.Connection) -> dict[str, Backlog]:
            self.last_ms, self._last_row = journal_sql.last(connection)
            self.used_bytes = retention.used_bytes(connection, self._path)
            cursors = self._cursors.items()
            return {store: journal_sql.backlog(connection, cursor.row) for store, cursor in cursors}

        return self.run(load)

    def replace(self, why: str) -> dict[str, Backlog]:
        """Set the damaged file aside and create a new one."""
        self.close()
        with translated(self._path):
            aside = set_aside(self._path)
        log.error("journal.damaged", why=why, set_aside=str(aside))
        return self.open()

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work; on a full disk, once more after making room. Raises Damaged, DiskTrouble."""
        with translated(self._path):
            if self._connection is None:
                self._connect()
            elif not self._path.exists():
                raise Damaged(f"{self._path.name} was removed")
            assert self._connection is not None
            try:
                return work(self._connection)
            except sqlite3.OperationalError as error:
                if not is_full(error) or not self._reserve.release():
                    raise
            log.warning("disk.full", let_go="the reserve")
            retention.make_room(self._connection, self._cursors)
            return work(self._connection)

    def append(self, connection: sqlite3.Connection, batch: Batch) -> None:
        """The commit comes last: what fails after it would be appended again."""
        packed = pack(batch.lines, batch.readings)
        self.used_bytes = retention.used_bytes(connection, self._path)
        self._last_row = journal_sql.append(
            connection, packed, len(batch.lines), sum(batch.readings), batch.first_ms,
            batch.last_ms,
        )  # fmt: skip

    def read(
        self, connection: sqlite3.Connection, store: str, most: int
    ) -> Batch | CorruptRow | None:
        """The batch behind the store's cursor, which is not trimmed while it is in delivery."""
        cursor = self._cursors[store]
        found = journal_sql.read(connection, cursor.row, most)
        cursor.in_delivery = found.last_row if isinstance(found, Batch) else 0
        return found

    def acknowledge(
        self, connection: sqlite3.Connection, store: str, last_row: int,
        refusals: Sequence[RefusedLine], unix_ms: int,
    ) -> int | None:  # fmt: skip
        """Move the store's cursor; returns the oldest timestamp behind it."""
        journal_sql.acknowledge(connection, store, last_row, refusals, unix_ms)
        cursor = self._cursors[store]
        cursor.row, cursor.in_delivery = max(cursor.row, last_row), 0
        return journal_sql.oldest_after(connection, cursor.row)

    def skip(self, connection: sqlite3.Connection, store: str, row: int) -> Backlog:
        """Move the store's cursor over a corrupt row; returns what is behind it."""
        self.acknowledge(connection, store, row, (), 0)
        return journal_sql.backlog(connection, row)

    def trim(self, connection: sqlite3.Connection, before_ms: int) -> Trimmed:
        """One step of retention; see `retention.delete_step`."""
        return retention.delete_step(
            connection, self._path, before_ms=before_ms, limit=self._limit, cursors=self._cursors
        )

    def shrink(self, connection: sqlite3.Connection) -> None:
        """Return free pages to the disk, and allocate the reserve if it is missing."""
        retention.shrink(connection)
        self._reserve.allocate()
        self.used_bytes = retention.used_bytes(connection, self._path)

    def close(self) -> None:
        """Close the file; the next `run` opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _connect(self) -> None:
        """Row numbers continue, so that no cursor is ahead of a new row after a replacement."""
        connection = connect(self._path, JOURNAL_FORMAT)
        try:
            self._cursors = journal_sql.cursors(connection, self._stores)
            journal_sql.begin_after(connection, self._last_row)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
