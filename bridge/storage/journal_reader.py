"""Reads the journal's lines of a span of time from another process; a bridge may be running."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.core.output.line_parser import stamp_of
from bridge.storage.database import translated
from bridge.storage.journal_sql import FILE
from bridge.storage.packed_row import lines_of
from bridge.storage.readonly import open_readonly

ROWS = 4
"""Read in one transaction: a long one would make the bridge's write-ahead log grow."""
# Unary plus: found by time, the rows would be sorted again for each transaction.
_WHERE = "FROM points WHERE id > ? AND id <= ? AND +last_ms >= ? AND first_ms < ?"
_BEHIND = f"SELECT id, points, readings, body, counts {_WHERE} ORDER BY id LIMIT ?"

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """From `since_ms` to before `until_ms`, in Unix milliseconds."""

    since_ms: int
    until_ms: int

    def contains(self, stamp_ms: int) -> bool:
        return self.since_ms <= stamp_ms < self.until_ms


class JournalReader:
    """The rows that were in the journal when this was opened; they can be read more than once."""

    def __init__(
        self, folder: Path, span: Span, *, corrupt_row: Callable[[int, int], None]
    ) -> None:
        """`corrupt_row` is called with the number of each row that cannot be read, and its points.

        Raises FileNotFoundError where there is no journal, DiskTrouble.
        """
        self._path = folder / FILE
        self._span = span
        self._corrupt_row = corrupt_row
        connection = open_readonly(self._path)
        if connection is None:
            raise FileNotFoundError(self._path)
        self._connection = connection
        ((self.last,),) = self._query("SELECT coalesce(max(id), 0) FROM points")
        """The newest row's number; later rows are left out."""

    def close(self) -> None:
        self._connection.close()

    def lines(self) -> Iterator[bytes]:
        """Every line in the span, as it was journaled, row by row. Raises DiskTrouble."""
        for _, lines in self.rows():
            yield from lines

    def rows(self, after: int = 0) -> Iterator[tuple[int, list[bytes]]]:
        """Each row's number and its lines in the span, where it has some; raises DiskTrouble.

        Rows up to number `after` are left out.
        """
        row, span = after, self._span
        while rows := self._query(_BEHIND, row, self.last, span.since_ms, span.until_ms, ROWS):
            for row, size, *packed in rows:
                lines = lines_of(size, *packed)
                if lines is None:
                    self._corrupt_row(row, size)
                elif inside := [line for line in lines if span.contains(stamp_of(line))]:
                    yield row, inside

    def points(self, after: int = 0) -> int:
        """The number of points in those rows, including points just outside the span."""
        span = self._span
        ((points,),) = self._query(
            f"SELECT coalesce(sum(points), 0) {_WHERE}",
            after, self.last, span.since_ms, span.until_ms,
        )  # fmt: skip
        return int(points)

    def acknowledged(self, store: str) -> int:
        """The last row that this store has; 0 for a store that the journal does not know."""
        found = self._query("SELECT row FROM cursors WHERE store = ?", store)
        return int(found[0][0]) if found else 0

    def _query(self, query: str, *values: int | str) -> Sequence[Row]:
        """One short transaction: it ends before the rows are returned."""
        with translated(self._path):
            return self._connection.execute(query, values).fetchall()
