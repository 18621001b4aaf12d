"""The journal's tables: rows of compressed lines, one cursor per store, refused lines."""

import contextlib
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.storage.database import MOST_MS, transaction
from bridge.storage.format import Damaged, Format
from bridge.storage.packed_row import lines_of, unpack_checked

log = structlog.get_logger("journal")

FILE = "points.db"
SCHEMA = """
CREATE TABLE points (
    id INTEGER PRIMARY KEY AUTOINCREMENT, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    points INTEGER NOT NULL, readings INTEGER NOT NULL, body BLOB NOT NULL, counts BLOB NOT NULL);
CREATE TABLE cursors (store TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE refused (
    id INTEGER PRIMARY KEY, store TEXT NOT NULL, time_ms INTEGER NOT NULL, reason TEXT NOT NULL,
    line BLOB NOT NULL);
CREATE INDEX points_by_time ON points (last_ms)
"""
JOURNAL_FORMAT = Format(SCHEMA, version=1, steps={}, mark=0x6E66_4A00)
MOST_REFUSED = 10_000
MOST_ROWS = 2**53
"""A higher number is damage: the last possible ones are within reach of no bridge."""
LONGEST_REASON = 500
LONGEST_LINE = 16_384
# An id needs no escapes, and of a point's two energies the charger's own comes first.
_ENERGY = re.compile(
    rb"evse,(?:.*,)?charger=([^, ]+)[^ ]* (?:.*,)?energy=([^, ]+),(?:.*,)?energy_total=([^, ]+)"
)
JournaledTotals = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line that a store refused."""

    store: str
    time_ms: int
    reason: str
    line: bytes


@dataclass(frozen=True, slots=True)
class CorruptRow:
    """A row whose content does not match its columns: SQLite has no checksums of content."""

    row: int


@dataclass(slots=True)
class Cursor:
    """How far a store has got: its last row, and the last row of the batch in delivery, or 0."""

    row: int = 0
    in_delivery: int = 0

    def behind(self, row: int) -> bool:
        """Whether the store has not received this row, nor has it in delivery."""
        return row > max(self.row, self.in_delivery)


def append(
    connection: sqlite3.Connection, packed: tuple[bytes, bytes], points: int, readings: int,
    first_ms: int, last_ms: int,
) -> int:  # fmt: skip
    """Commit one row; returns its id."""
    with transaction(connection):
        done = connection.execute(
            "INSERT INTO points (first_ms, last_ms, points, readings, body, counts)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (first_ms, last_ms, points, readings, *packed),
        )
    return done.lastrowid or 0


def cursors(connection: sqlite3.Connection, stores: Sequence[str]) -> dict[str, Cursor]:
    """The cursors of these stores; a new one begins before the oldest row. The cursor of a
    store that is not configured now stays, in case it is configured again."""
    known = dict(connection.execute("SELECT store, row FROM cursors"))
    newest = last_row(connection)
    found: dict[str, Cursor] = {}
    with transaction(connection):
        for store in stores:
            row = known.get(store, 0)
            if not isinstance(row, int) or not 0 <= row <= newest:
                # Damaged: nothing would be delivered any more. What the store has is sent again.
                log.error("journal.cursor_spoiled", store=store, row=str(row)[:50])
                row = 0
            if known.get(store) != row:
                connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (store, row))
            found[store] = Cursor(row)
    return found


def last(connection: sqlite3.Connection) -> tuple[int, int]:
    """The greatest timestamp that is one, and the last row's id; 0 in an empty journal."""
    (stamp,) = connection.execute(
        "SELECT max(last_ms) FROM points WHERE typeof(last_ms) = 'integer' AND last_ms <= ?",
        (MOST_MS,),
    ).fetchone()
    return stamp or 0, last_row(connection)


def last_row(connection: sqlite3.Connection) -> int:
    """The greatest id that a row had so far. Raises Damaged for one that cannot be."""
    (newest,) = connection.execute("SELECT max(id) FROM points").fetchone()
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'points'").fetchone()
    counted = row[0] if row else 0
    if (newest or 0) > MOST_ROWS:
        raise Damaged(f"{FILE}: a row has the number {newest}")
    if not isinstance(counted, int) or not 0 <= counted <= MOST_ROWS:
        counted = 0
    return max(newest or 0, counted)


def begin_after(connection: sqlite3.Connection, row: int) -> None:
    """Give new rows ids above this one, and above what the file has."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'points'").fetchone()
    row = max(row, last_row(connection))
    if row and (found is None or found[0] != row):
        with transaction(connection):
            connection.execute("DELETE FROM sqlite_sequence WHERE name = 'points'")
            connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('points', ?)", (row,)
            )


def backlog(connection: sqlite3.Connection, cursor: int) -> Backlog:
    """What is behind a cursor."""
    readings, points, oldest = connection.execute(
        "SELECT total(readings), total(points), min(iif(typeof(first_ms) = 'integer', first_ms,"
        " NULL)) FROM points WHERE id > ?", (cursor,)
    ).fetchone()  # fmt: skip
    return Backlog(int(readings), int(points), oldest)


def oldest_after(connection: sqlite3.Connection, cursor: int) -> int | None:
    """The first timestamp of the first row behind a cursor."""
    found = connection.execute(
        "SELECT first_ms FROM points WHERE id > ? ORDER BY id LIMIT 1", (cursor,)
    ).fetchone()
    return found[0] if found is not None and _are_numbers(found[0]) else None


def read(connection: sqlite3.Connection, cursor: int, most: int) -> Batch | CorruptRow | None:
    """The rows behind the cursor, up to `most` lines; a longer row is returned alone and whole.

    A corrupt row ends a batch, and is returned when it is the first.
    """
    first_ms, last_ms, last_row = 2**62, 0, 0
    lines: list[bytes] = []
    counts: list[int] = []
    rows = connection.execute(
        "SELECT id, first_ms, last_ms, points, readings, body, counts FROM points WHERE id > ?"
        " ORDER BY id",
        (cursor,),
    )
    with contextlib.closing(rows):
        for row, earliest, latest, size, readings, *packed in rows:
            if not cursor < row <= MOST_ROWS:
                raise Damaged(f"{FILE}: its rows are out of order")
            found = None
            if _are_numbers(earliest, latest, size, readings):
                if lines and len(lines) + size > most:
                    break
                found = unpack_checked(size, readings, *packed)
            if found is None:
                if lines:
                    break
                return CorruptRow(row)
            first_ms, last_ms, last_row = min(first_ms, earliest), max(last_ms, latest), row
            lines += found[0]
            counts += found[1]
    return Batch(lines, counts, first_ms, last_ms, last_row) if lines else None


def _are_numbers(*values: object) -> bool:
    """Whether each is a time or a count."""
    return all(isinstance(each, int) and 0 <= each <= MOST_MS for each in values)


def missing(connection: sqlite3.Connection, lines: Sequence[bytes], rows: int) -> list[bytes]:
    """Those of the lines that are in none of the newest `rows` rows."""
    found: set[bytes] = set()
    for packed in connection.execute(
        "SELECT points, readings, body, counts FROM points ORDER BY id DESC LIMIT ?", (rows,)
    ):
        unpacked = unpack_checked(*packed)
        found.update(unpacked[0] if unpacked else ())
    return [line for line in lines if line not in found]


def newest_totals(connection: sqlite3.Connection, rows: int) -> JournaledTotals:
    """What the newest `rows` rows have of each charger's energy: (value, total), newest first."""
    found: dict[str, list[tuple[float, float]]] = {}
    for packed in connection.execute(
        "SELECT points, readings, body, counts FROM points ORDER BY id DESC LIMIT ?", (rows,)
    ):
        for line in reversed(lines_of(*packed) or ()):
            if b",energy_total=" in line and (parts := _ENERGY.match(line)):
                charger, value, total = parts.groups()
                found.setdefault(charger.decode(), []).append((float(value), float(total)))
    return found


def acknowledge(
    connection: sqlite3.Connection, store: str, last_row: int, refusals: Sequence[RefusedLine],
    unix_ms: int,
) -> None:  # fmt: skip
    """Move a cursor and store the refused lines, in one transaction."""
    with transaction(connection):
        connection.execute(
            "UPDATE cursors SET row = max(row, ?) WHERE store = ?", (last_row, store)
        )
        connection.executemany(
            "INSERT INTO refused (store, time_ms, reason, line) VALUES (?, ?, ?, ?)",
            (
                (store, unix_ms, each.reason[:LONGEST_REASON], each.line[:LONGEST_LINE])
                for each in refusals
            ),
        )
        if refusals:
            connection.execute(
                "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (MOST_REFUSED,)
            )


def refused(connection: sqlite3.Connection) -> list[RefusedRow]:
    """The refused lines, oldest first."""
    rows = connection.execute("SELECT store, time_ms, reason, line FROM refused ORDER BY id")
    return [RefusedRow(*row) for row in rows]
