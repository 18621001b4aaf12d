"""Batches of lines on their way from the core to the journal and the stores."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of points; `readings` holds the number of readings that each line carries.

    `first_ms` and `last_ms` are the earliest and the latest timestamp, in Unix milliseconds.
    """

    lines: Sequence[bytes]
    readings: Sequence[int]
    first_ms: int
    last_ms: int
    last_row: int = 0
    """The last row of the batch in the journal; 0 before it is there."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The points behind a store's cursor; `oldest_ms` is None if there are none."""

    readings: int = 0
    points: int = 0
    oldest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that a store refused, and the store's reason.

    `column_alone`: the store has the rest of the point; the line has the refused column only.
    """

    line: bytes
    reason: str
    readings: int
    column_alone: bool = False
