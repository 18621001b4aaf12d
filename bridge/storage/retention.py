"""Keeps the journal's file within its bounds: what goes first, and what that costs whom."""

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
MOST_ROOM = 32_000_000
STEPS_TO_ROOM = 8


@dataclass(slots=True)
class Trimmed:
    """What was let go: rows, and of those what a store had not yet."""

    rows: int = 0
    lost: dict[str, Backlog] = field(default_factory=dict)
    oldest: dict[str, int | None] = field(default_factory=dict)

    def lose(self, store: str, points: int, readings: int) -> None:
        """A row went that this store had not yet."""
        before = self.lost.get(store, Backlog())
        self.lost[store] = Backlog(before.readings + readings, before.points + points)

    def add(self, more: "Trimmed") -> None:
        """Take in what a further step let go."""
        self.rows += more.rows
        for store, lost in more.lost.items():
            self.lose(store, lost.points, lost.readings)


def used_bytes(connection: sqlite3.Connection, path: Path) -> int:
    """Pages in use, and the write-ahead log."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    wal = path.with_name(path.name + "-wal")
    return int((pages - free) * size) + (wal.stat().st_size if wal.exists() else 0)


def room(connection: sqlite3.Connection, path: Path) -> int:
    """Bytes that can still be written: free on the disk, and free pages of the file."""
    free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("freelist_count", "page_size")
    )
    return shutil.disk_usage(path.parent).free + free * size


def wanted_room(path: Path) -> int:
    """What must stay free, so that there is space to delete and to append."""
    return min(MOST_ROOM, shutil.disk_usage(path.parent).total // 10)


def drop(
    connection: sqlite3.Connection, where: str, arguments: Sequence[int],
    places: Mapping[str, Cursor],
) -> Trimmed:  # fmt: skip
    """Delete some of the first rows that match; no rows where none does."""
    trimmed = Trimmed()
    with transaction(connection):
        rows = connection.execute(
            f"DELETE FROM points WHERE id IN (SELECT id FROM points WHERE {where}"
            f" LIMIT {DELETE_AT_ONCE}) RETURNING id, points, readings",
            arguments,
        ).fetchall()
        trimmed.oldest = {
            store: oldest_after(connection, place.row) for store, place in places.items()
        }
    for id_, points, readings in rows:
        for store, place in places.items():
            if place.lacks(id_):
                trimmed.lose(store, points, readings)
    trimmed.rows = len(rows)
    return trimmed


def trim(
    connection: sqlite3.Connection, path: Path, *, before_ms: int, limit: int,
    places: Mapping[str, Cursor],
) -> Trimmed:  # fmt: skip
    """One step to the bounds, the last that can fail being its commit; no rows: they hold.

    Delivered rows go by age, by size, and where the disk grows full; undelivered by size
    alone. What a store holds at this moment stays, so that it is counted once.
    """
    delivered = min((place.row for place in places.values()), default=2**62)
    # The index on last_ms, not the row id: else all that is delivered would be read.
    old = drop(
        connection, "last_ms < ? AND +id <= ? ORDER BY last_ms", (before_ms, delivered), places
    )
    if old.rows:
        return old
    cramped = room(connection, path) < wanted_room(path)
    if cramped or used_bytes(connection, path) > limit:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        cramped = room(connection, path) < wanted_room(path)
    over = used_bytes(connection, path) > limit
    if cramped or over:
        done = drop(connection, "id <= ? ORDER BY id", (delivered,), places)
        if done.rows:
            return done
    if not over:
        return Trimmed()
    free = " AND ".join(["1", *("NOT (id > ? AND id <= ?)" for _ in places)])
    held = [bound for place in places.values() for bound in (place.row, place.holds)]
    return drop(connection, f"{free} ORDER BY id", held, places)


def make_room(connection: sqlite3.Connection, places: Mapping[str, Cursor]) -> None:
    """Let go of some delivered rows at once, which costs nobody anything."""
    delivered = min((place.row for place in places.values()), default=2**62)
    for _ in range(STEPS_TO_ROOM):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if not drop(connection, "id <= ? ORDER BY id", (delivered,), places).rows:
            break
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def give_back(connection: sqlite3.Connection) -> None:
    """Return some free pages to the disk, and the log that says so."""
    connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
