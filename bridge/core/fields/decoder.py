"""Decoded payloads, cached per field: gateways repeat the same few values over and over.

Speed: a decoder and its texts are shared by all chargers of a dialect; that saves the decoding
of four payloads in five, and most of a charger's memory.
"""

from bridge.core.fields.catalogue import FieldRow, Scale
from bridge.core.fields.decode import LONGEST, Value, parser
from bridge.core.model import Reason
from bridge.core.output.line_protocol import number

MOST_KNOWN = 1024
Decoded = tuple[Reason | None, Value, str, bytes]
"""The reason for no value; or None, the value, its line protocol, the end of its metric line."""


def ending(value: Value) -> bytes:
    """The end of a metric's line: the value and the line break."""
    return b"%a\n" % value


class Decoder:
    """Decodes the payloads of one row in one scale; `known` is its cache."""

    __slots__ = ("_column", "_parse", "_to_metric", "known")

    def __init__(self, row: FieldRow, scale: Scale) -> None:
        self._parse = parser(row, scale)
        self._column = row.column
        self._to_metric = row.to_metric if row.to_metric != Scale() else None
        self.known: dict[bytes, Decoded] = {}

    def read(self, payload: bytes) -> Decoded:
        """Decode a payload that is not in `known`."""
        found = self.value(self._parse(payload))
        if len(payload) <= LONGEST:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[payload] = found
        return found

    def value(self, found: Value | Reason) -> Decoded:
        """A value, or the reason for none, with its texts."""
        if isinstance(found, Reason):
            return found, 0, "", b""
        metric = self._to_metric(found) if self._to_metric else found
        return None, found, number(self._column, found), ending(metric)


class Decoders:
    """The decoders of all rows and scales in use."""

    def __init__(self) -> None:
        self._decoders: dict[tuple[str, Scale], Decoder] = {}

    def of(self, row: FieldRow, scale: Scale) -> Decoder:
        """The decoder of this row in this scale."""
        decoder = self._decoders.get((row.wire, scale))
        if decoder is None:
            decoder = self._decoders[row.wire, scale] = Decoder(row, scale)
        return decoder
