"""What travels between the core, the journal and a store: lines, and what is still to be sent."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of points; `readings` holds the number of readings that each line carries.

    `first_ms` and `last_ms` are the earliest and the latest time stamp, in Unix milliseconds.
    """

    lines: Sequence[bytes]
    readings: Sequence[int]
    first_ms: int
    last_ms: int
    last_row: int = 0
    """The journal's row with which the batch ends; 0 before it is in the journal."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What lies behind a store's cursor; `oldest_ms` is None where nothing does."""

    readings: int = 0
    points: int = 0
    oldest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that a store refused, and why."""

    line: bytes
    reason: str
    readings: int
