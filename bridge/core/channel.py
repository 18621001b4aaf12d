"""A channel: one field of one charger, with its newest value and its metric line."""

from typing import Protocol

from bridge.core.catalogue import Kind, Row, Scale
from bridge.core.decode import LONGEST, Parse, Value
from bridge.core.lines import number
from bridge.core.model import Reason

_EARLIEST, _DAY = 1.6e9, 86400.0


class Line(Protocol):
    """One exposed series."""

    def put(self, value: float) -> None:
        """Show this value from now on."""

    def clear(self) -> None:
        """Show nothing; absent is better than frozen."""


class Channel:
    """The newest value of a field.

    Speed: a payload that repeats, as most do, is neither parsed nor formatted again.
    """

    __slots__ = (
        "at", "bit", "column", "kind", "line", "parse", "payload", "rank", "reason", "row",
        "shown", "text", "to_metric", "value",
    )  # fmt: skip

    def __init__(self, row: Row, bit: int, parse: Parse, line: Line | None) -> None:
        self.row = row
        self.bit = bit
        self.parse = parse
        self.line = line
        self.column = row.column
        self.kind = row.kind
        self.rank = row.rank
        self.to_metric: Scale | None = row.to_metric if row.to_metric != Scale() else None
        self.payload: bytes | None = None
        self.value: Value | None = None
        self.reason: Reason | None = None
        self.text = ""
        self.at = 0.0
        self.shown = False

    def read(self, payload: bytes, wall: float) -> None:
        """Take a payload that differs from the last: a new value, or a reason for none.

        `wall` is its arrival in Unix seconds, against which a clock is measured.
        """
        # A long payload is no value, and not worth its memory.
        self.payload = payload if len(payload) <= LONGEST else None
        found = self.parse(payload)
        if self.kind is Kind.TIME and not isinstance(found, Reason):
            found = _skew(found, wall)
        if isinstance(found, Reason):
            self.reason = found
            return
        self.reason = None
        self.shown = self.shown and found == self.value
        self.value = found
        self.text = number(self.column, found)

    def show(self) -> None:
        """Put the value on the metric's line, if it is not there already."""
        self.shown = True
        if self.line is not None and self.value is not None:
            to_metric = self.to_metric
            self.line.put(to_metric(self.value) if to_metric else self.value)

    def hide(self) -> None:
        """Take the value off the metric's line: it went stale, or the sensor is gone."""
        if self.shown and self.line is not None:
            self.line.clear()
        self.shown = False


def _skew(device: float, wall: float) -> float | Reason:
    """Before its first clock set a gateway says 1970, or a time that is far ahead."""
    if not _EARLIEST <= device <= wall + _DAY:
        return Reason.IMPLAUSIBLE
    return round(device - wall, 3)
