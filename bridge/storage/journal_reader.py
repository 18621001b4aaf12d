"""The journal's lines of a span of time, read from outside while a bridge may run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.core.output.line_parser import stamp_of
from bridge.storage.database import translated
from bridge.storage.journal_sql import FILE, lines_of
from bridge.storage.readonly import look_in

ROWS = 4
"""Read in one transaction: a long one would let the bridge's log grow."""
# Unary plus: found by time, the rows would be sorted again for each transaction.
_WHERE = "FROM points WHERE id > ? AND id <= ? AND +last_ms >= ? AND first_ms < ?"
_BEHIND = f"SELECT id, points, readings, body, counts {_WHERE} ORDER BY id LIMIT ?"

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """From `since_ms` to before `until_ms`, in Unix milliseconds."""

    since_ms: int
    until_ms: int

    def holds(self, stamp_ms: int) -> bool:
        return self.since_ms <= stamp_ms < self.until_ms


class JournalReader:
    """What the journal held when this was opened; it can be gone through more than once."""

    def __init__(self, folder: Path, span: Span, *, spoiled: Callable[[int, int], None]) -> None:
        """`spoiled` is told of each row that cannot be read any more, and how many points it held.

        Raises FileNotFoundError where there is no journal, DiskTrouble.
        """
        self._path = folder / FILE
        self._span = span
        self._spoiled = spoiled
        connection = look_in(self._path)
        if connection is None:
            raise FileNotFoundError(self._path)
        self._connection = connection
        ((self.last,),) = self._ask("SELECT coalesce(max(id), 0) FROM points")
        """The newest row's number; rows that come later are left out."""

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
        while rows := self._ask(_BEHIND, row, self.last, span.since_ms, span.until_ms, ROWS):
            for row, size, *packed in rows:
                lines = lines_of(size, *packed)
                if lines is None:
                    self._spoiled(row, size)
                elif kept := [line for line in lines if span.holds(stamp_of(line))]:
                    yield row, kept

    def points(self, after: int = 0) -> int:
        """How many points those rows hold, also those just outside the span."""
        span = self._span
        ((points,),) = self._ask(
            f"SELECT coalesce(sum(points), 0) {_WHERE}",
            after, self.last, span.since_ms, span.until_ms,
        )  # fmt: skip
        return int(points)

    def settled(self, store: str) -> int:
        """The last row that this store has; 0 for one that the journal does not know."""
        found = self._ask("SELECT row FROM cursors WHERE store = ?", store)
        return int(found[0][0]) if found else 0

    def _ask(self, query: str, *values: int | str) -> Sequence[Row]:
        """One short transaction: it is over when the rows are here."""
        with translated(self._path):
            return self._connection.execute(query, values).fetchall()
