"""The columns of a finished line: found, taken out, and which of them are readings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.core.output.line_parser import head_of

_COLUMN = re.compile(rb'([^=,]+)=(?:"(?:[^"\\]|\\.)*"|[^,"]+)(?:,|\Z)')
DERIVED = frozenset({"polled", "energy_total"})
"""Columns that the bridge adds; what they are computed from has columns of its own."""
SOMETIMES_DERIVED = "power"
"""A reading in some dialects; elsewhere computed from currents and voltages."""


@dataclass(frozen=True, slots=True)
class SplitLine:
    """A line's parts; each column with its value, as `name=value`."""

    head: bytes
    columns: Mapping[str, bytes]
    stamp: bytes

    @property
    def measurement(self) -> str:
        return self.head.partition(b",")[0].decode()

    def join(self, columns: Mapping[str, bytes]) -> bytes:
        """The line with these columns only."""
        return b" ".join((self.head, b",".join(columns.values()), self.stamp))


def split_line(line: bytes) -> SplitLine:
    """The parts of a line; no columns where it is none."""
    if b'"' not in line and b"\\" not in line and line.count(b" ") == 2:
        # Nearly all lines; ten times as fast.
        head, fields, stamp = line.split(b" ")
        parts = [part for part in fields.split(b",") if b"=" in part]
        return SplitLine(head, {part.partition(b"=")[0].decode(): part for part in parts}, stamp)
    head = head_of(line)
    fields, _, stamp = line[len(head) + 1 :].rpartition(b" ")
    columns = {found[1].decode(): found[0].rstrip(b",") for found in _COLUMN.finditer(fields)}
    return SplitLine(head, columns, stamp)


def readings_in(column: str, line: SplitLine, readings: int) -> int:
    """How many of a line's readings this column is: 1, or 0 for a value that the bridge added."""
    others = line.columns.keys() - DERIVED
    if column in DERIVED or not readings:
        return 0
    return int(column != SOMETIMES_DERIVED or readings >= len(others))
