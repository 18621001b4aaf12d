"""Events and sessions in the state file: read by pages, and trimmed."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bridge.storage.database import transaction
from bridge.storage.state_rows import as_int

MOST_HISTORY = 1_000_000
"""Rows of each table."""
_TIME_COLUMNS = {"events": "time_ms", "sessions": "end_ms"}
Page = tuple[list[tuple[object, ...]], int | None]


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which rows: from `since_ms` on, of one charger, with ids below `before`; None for all."""

    since_ms: int | None
    limit: int
    charger: str | None
    before: int | None


def read_page(connection: sqlite3.Connection, table: str, query: PageQuery) -> Page:
    """Up to `limit` rows, newest first, and the cursor of the next page; None for the last."""
    statement, values = page_statement(table, query)
    rows = connection.execute(statement, values).fetchall()
    return rows[: query.limit], _next_cursor(rows, query.limit)


def page_statement(table: str, query: PageQuery) -> tuple[str, tuple[object, ...]]:
    """By time and then by id, as the indexes are: no page reads more rows than it has."""
    time = _TIME_COLUMNS[table]
    conditions = {
        "charger = ?": query.charger,
        f"{time} >= ?": query.since_ms,
        f"({time}, id) < (SELECT {time}, id FROM {table} WHERE id = ?)": query.before,
    }
    given = {text: value for text, value in conditions.items() if value is not None}
    where = " AND ".join(["1", *given])
    statement = f"SELECT * FROM {table} WHERE {where} ORDER BY {time} DESC, id DESC LIMIT ?"
    return statement, (*given.values(), query.limit + 1)


def add_indexes(connection: sqlite3.Connection) -> None:
    """Add the indexes that a file of an earlier version lacks; earlier versions ignore them."""
    with transaction(connection):
        for table, column in _TIME_COLUMNS.items():
            connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_at ON {table} ({column})")
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS {table}_of_at ON {table} (charger, {column})"
            )


def trim_history(connection: sqlite3.Connection, unix_ms: int, keep: timedelta) -> None:
    """Delete events and sessions that are too old, or too many."""
    oldest = unix_ms - int(keep.total_seconds() * 1000)
    with transaction(connection):
        for table, column in _TIME_COLUMNS.items():
            connection.execute(
                f"DELETE FROM {table} WHERE {column} < ? OR id <="
                f" (SELECT max(id) FROM {table}) - ?",
                (oldest, MOST_HISTORY),
            )


def _next_cursor(rows: Sequence[Sequence[object]], limit: int) -> int | None:
    return as_int(rows[limit - 1][0]) if len(rows) > limit else None
