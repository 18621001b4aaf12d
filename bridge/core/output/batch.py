"""What travels between the journal and a store: lines, and what was refused of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole rows of the journal; `readings` tells how many readings each line carries."""

    first_row: int
    last_row: int
    lines: list[bytes]
    readings: list[int]


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that a store will not take, and why."""

    line: bytes
    reason: str
    readings: int
