"""Keeps the journal's file within its limits: which rows are deleted, and what stores lose."""

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.core.output.batch import Backlog
from bridge.storage.database import transaction
from bridge.storage.journal_sql import Cursor, oldest_after

DELETE_AT_ONCE = 64
VACUUM_PAGES = 2000
MOST_REQUIRED_BYTES = 32_000_000
MAKE_ROOM_STEPS = 8


@dataclass(slots=True)
class Trimmed:
    """The deleted rows: their number, and the points of them that a store did not have yet."""

    rows: int = 0
    lost: dict[str, Backlog] = field(default_factory=dict)
    oldest: dict[str, int | None] = field(default_factory=dict)

    def add_loss(self, store: str, points: int, readings: int) -> None:
        """A row was deleted that this store did not have yet."""
        before = self.lost.get(store, Backlog())
        self.lost[store] = Backlog(before.readings + readings, before.points + points)

    def add(self, more: "Trimmed") -> None:
        """Add what a further step deleted."""
        self.rows += more.rows
        for store, lost in more.lost.items():
            self.add_loss(store, lost.points, lost.readings)


def used_bytes(connection: sqlite3.Connection, path: Path) -> int:
    """The size of the pages in use and of the write-ahead log."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    wal = path.with_name(path.name + "-wal")
    return int((pages - free) * size) + (wal.stat().st_size if wal.exists() else 0)


def writable_bytes(connection: sqlite3.Connection, path: Path) -> int:
    """Bytes that can still be written: free space on the disk, and free pages of the file."""
    free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("freelist_count", "page_size")
    )
    return shutil.disk_usage(path.parent).free + free * size


def required_bytes(path: Path) -> int:
    """Bytes that must stay free, so that there is space to delete and to append."""
    return min(MOST_REQUIRED_BYTES, shutil.disk_usage(path.parent).total // 10)


def delete_rows(
    connection: sqlite3.Connection, where: str, values: Sequence[int],
    cursors: Mapping[str, Cursor],
) -> Trimmed:  # fmt: skip
    """Delete some of the first rows that match; the result has no rows where none does."""
    trimmed = Trimmed()
    with transaction(connection):
        rows = connection.execute(
            f"DELETE FROM points WHERE id IN (SELECT id FROM points WHERE {where}"
            f" LIMIT {DELETE_AT_ONCE}) RETURNING id, points, readings",
            values,
        ).fetchall()
        trimmed.oldest = {
            store: oldest_after(connection, cursor.row) for store, cursor in cursors.items()
        }
    for id_, points, readings in rows:
        for store, cursor in cursors.items():
            if cursor.behind(id_):
                trimmed.add_loss(store, points, readings)
    trimmed.rows = len(rows)
    return trimmed


def delete_step(
    connection: sqlite3.Connection, path: Path, *, before_ms: int, limit: int,
    cursors: Mapping[str, Cursor],
) -> Trimmed:  # fmt: skip
    """Delete one step of what exceeds the limits; the result has no rows once nothing does.

    Delivered rows are deleted by age, by size, and when the disk is nearly full; undelivered
    rows by size alone. A batch in delivery stays, so that its readings are counted once.
    Nothing can fail after the commit.
    """
    delivered = min((cursor.row for cursor in cursors.values()), default=2**62)
    # "+id" makes SQLite use the index on last_ms: by row id it would read all delivered rows.
    old = delete_rows(
        connection, "last_ms < ? AND +id <= ? ORDER BY last_ms", (before_ms, delivered), cursors
    )
    if old.rows:
        return old
    disk_low = writable_bytes(connection, path) < required_bytes(path)
    if disk_low or used_bytes(connection, path) > limit:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        disk_low = writable_bytes(connection, path) < required_bytes(path)
    over = used_bytes(connection, path) > limit
    if disk_low or over:
        done = delete_rows(connection, "id <= ? ORDER BY id", (delivered,), cursors)
        if done.rows:
            return done
    if not over:
        return Trimmed()
    not_in_delivery = " AND ".join(["1", *("NOT (id > ? AND id <= ?)" for _ in cursors)])
    bounds = [bound for cursor in cursors.values() for bound in (cursor.row, cursor.in_delivery)]
    return delete_rows(connection, f"{not_in_delivery} ORDER BY id", bounds, cursors)


def make_room(connection: sqlite3.Connection, cursors: Mapping[str, Cursor]) -> None:
    """Delete some delivered rows at once, which loses nothing."""
    delivered = min((cursor.row for cursor in cursors.values()), default=2**62)
    for _ in range(MAKE_ROOM_STEPS):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if not delete_rows(connection, "id <= ? ORDER BY id", (delivered,), cursors).rows:
            break
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def shrink(connection: sqlite3.Connection) -> None:
    """Return some free pages and the write-ahead log to the disk."""
    connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
