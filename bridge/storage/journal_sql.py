"""The journal's tables: rows of compressed lines, one cursor per store, refused lines."""

import contextlib
import re
import sqlite3
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.core.output.batch import Backlog, Batch, RefusedLine
from bridge.storage.database import Format, transaction

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
JOURNAL_FORMAT = Format(SCHEMA, version=1, steps={})
MOST_REFUSED = 10_000
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
    points: int
    readings: int


@dataclass(slots=True)
class Cursor:
    """How far a store has got: its last row, and the last row of the batch in delivery, or 0."""

    row: int = 0
    in_delivery: int = 0

    def behind(self, row: int) -> bool:
        """Whether the store has not received this row, nor has it in delivery."""
        return row > max(self.row, self.in_delivery)


def pack(lines: Sequence[bytes], readings: Sequence[int]) -> tuple[bytes, bytes]:
    """Compress lines and their counts of readings: about 42 bytes per line."""
    return zlib.compress(b"\n".join(lines), 1), zlib.compress(array("I", readings).tobytes(), 1)


def unpack(body: bytes, counts: bytes) -> tuple[list[bytes], list[int]]:
    """The inverse of `pack`."""
    readings = array("I")
    readings.frombytes(zlib.decompress(counts))
    return zlib.decompress(body).split(b"\n"), readings.tolist()


def _unpack_checked(points: int, readings: int, body: bytes, counts: bytes) -> (
    tuple[list[bytes], list[int]] | None
):  # fmt: skip
    """Lines and counts of a row; None for a corrupt one."""
    try:
        lines, each = unpack(body, counts)
    except (zlib.error, ValueError):
        return None
    return (lines, each) if len(lines) == len(each) == points and sum(each) == readings else None


def lines_of(points: int, readings: int, body: bytes, counts: bytes) -> list[bytes] | None:
    """The lines of a row; None for a corrupt one."""
    unpacked = _unpack_checked(points, readings, body, counts)
    return None if unpacked is None else unpacked[0]


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
    with transaction(connection):
        for store in stores:
            connection.execute("INSERT OR IGNORE INTO cursors VALUES (?, 0)", (store,))
    return {store: Cursor(known.get(store, 0)) for store in stores}


def last(connection: sqlite3.Connection) -> tuple[int, int]:
    """The greatest timestamp, and the last row's id; 0 in an empty journal."""
    stamp = connection.execute("SELECT max(last_ms) FROM points").fetchone()[0]
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'points'").fetchone()
    return stamp or 0, row[0] if row else 0


def begin_after(connection: sqlite3.Connection, row: int) -> None:
    """Give new rows ids above this one."""
    if last(connection)[1] < row:
        with transaction(connection):
            connection.execute("DELETE FROM sqlite_sequence WHERE name = 'points'")
            connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('points', ?)", (row,)
            )


def backlog(connection: sqlite3.Connection, cursor: int) -> Backlog:
    """What is behind a cursor."""
    readings, points, oldest = connection.execute(
        "SELECT total(readings), total(points), min(first_ms) FROM points WHERE id > ?", (cursor,)
    ).fetchone()
    return Backlog(int(readings), int(points), oldest)


def oldest_after(connection: sqlite3.Connection, cursor: int) -> int | None:
    """The first timestamp of the first row behind a cursor."""
    found = connection.execute(
        "SELECT first_ms FROM points WHERE id > ? ORDER BY id LIMIT 1", (cursor,)
    ).fetchone()
    return None if found is None else int(found[0])


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
            if lines and len(lines) + size > most:
                break
            found = _unpack_checked(size, readings, *packed)
            if found is None:
                if lines:
                    break
                return CorruptRow(row, size, readings)
            first_ms, last_ms, last_row = min(first_ms, earliest), max(last_ms, latest), row
            lines += found[0]
            counts += found[1]
    return Batch(lines, counts, first_ms, last_ms, last_row) if lines else None


def missing(connection: sqlite3.Connection, lines: Sequence[bytes], rows: int) -> list[bytes]:
    """Those of the lines that are in none of the newest `rows` rows."""
    found: set[bytes] = set()
    for packed in connection.execute(
        "SELECT points, readings, body, counts FROM points ORDER BY id DESC LIMIT ?", (rows,)
    ):
        unpacked = _unpack_checked(*packed)
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
