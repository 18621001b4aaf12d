"""A field's texts, each read once: gateways say the same few values over and over.

Speed: a decoder is shared by all chargers of a dialect, and so are the texts it made; that
saves the reading of four payloads in five, and most of a charger's memory.
"""

from bridge.core.fields.catalogue import FieldRow, Scale
from bridge.core.fields.decode import LONGEST, Value, parser
from bridge.core.model import Reason
from bridge.core.output.line_protocol import number

MOST_KNOWN = 1024
Decoded = tuple[Reason | None, Value, str, bytes]
"""Why there is no value, or: the value, its line protocol, and the end of its metric line."""


def ending(value: Value) -> bytes:
    """The end of a metric's line: the value and the line break."""
    return b"%a\n" % value


class Decoder:
    """Reads the payloads of one row in one scale; `known` are those it has read."""

    __slots__ = ("_column", "_parse", "_to_metric", "known")

    def __init__(self, row: FieldRow, scale: Scale) -> None:
        self._parse = parser(row, scale)
        self._column = row.column
        self._to_metric = row.to_metric if row.to_metric != Scale() else None
        self.known: dict[bytes, Decoded] = {}

    def read(self, payload: bytes) -> Decoded:
        """A payload that is not known yet."""
        found = self.value(self._parse(payload))
        if len(payload) <= LONGEST:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[payload] = found
        return found

    def value(self, found: Value | Reason) -> Decoded:
        """What is written of a value."""
        if isinstance(found, Reason):
            return found, 0, "", b""
        metric = self._to_metric(found) if self._to_metric else found
        return None, found, number(self._column, found), ending(metric)


class Decoders:
    """The decoders of all rows and scales that chargers use."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, Scale], Decoder] = {}

    def of(self, row: FieldRow, scale: Scale) -> Decoder:
        """The decoder of this row in this scale."""
        made = self._made.get((row.wire, scale))
        if made is None:
            made = self._made[row.wire, scale] = Decoder(row, scale)
        return made
