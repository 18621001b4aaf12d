"""The exposition: the newest values as Prometheus text, formatted when they change.

A series' line is written when its value changes; a scrape only joins the lines, piece by
piece, so that neither MQTT nor the fleet page waits for it. All lines of a family are from
the same moment, in however many pieces they are sent; families may be from different moments.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from bridge.core.fields.families import FAMILIES, Family, Group, MetricType
from bridge.core.model import ChargerId
from bridge.core.text import visible

_AS_GAUGE = {MetricType.INFO, MetricType.STATESET}
_SUFFIX = {MetricType.COUNTER: "_total", MetricType.INFO: "_info"}
Lines = dict[bytes, bytes]
"""Keyed by the line's beginning: the series and a space."""
LINES_PER_PIECE = 1000
"""About 64 KB, which a slow client may leave in its connection's buffer."""


def escape(value: str) -> str:
    """A label value: backslash, quote and line feed escaped, other controls dropped."""
    value = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return visible(value)


def series_name(name: str, labels: Mapping[str, str]) -> str:
    """`name{a="b"}`, or the bare name where there are no labels."""
    pairs = ",".join(f'{key}="{escape(value)}"' for key, value in labels.items())
    return f"{name}{{{pairs}}}" if pairs else name


class SeriesSlot:
    """The line of one series in its family's table."""

    __slots__ = ("_lines", "_prefix")

    def __init__(self, lines: Lines, prefix: bytes) -> None:
        self._lines = lines
        self._prefix = prefix

    def set(self, value: float) -> None:
        """Expose this value from now on."""
        self._lines[self._prefix] = b"%b%a\n" % (self._prefix, value)

    def set_text(self, ending: bytes) -> None:
        """Expose a value that is already formatted, with its line break."""
        self._lines[self._prefix] = self._prefix + ending

    def clear(self) -> None:
        """Expose nothing from now on."""
        self._lines.pop(self._prefix, None)

    def end(self) -> None:
        """Expose nothing from now on, whatever is set later."""
        self.clear()
        self._lines = {}


class Exposition:
    """The lines of all chargers, by family."""

    def __init__(self, families: Iterable[Family] = FAMILIES) -> None:
        self._families = tuple(families)
        self._tables: dict[str, Lines] = {family.name: {} for family in self._families}
        self._slots: dict[ChargerId, dict[bytes, SeriesSlot]] = {}

    def series(self, family: str, charger: ChargerId, labels: Mapping[str, str]) -> SeriesSlot:
        """The line of one series; the same one for the same labels."""
        prefix = series_name(family, {"charger": charger, **labels}).encode() + b" "
        slots = self._slots.setdefault(charger, {})
        slot = slots.get(prefix)
        if slot is None:
            slot = slots[prefix] = SeriesSlot(self._tables[family], prefix)
        return slot

    def drop(self, family: str, charger: ChargerId) -> None:
        """Remove a charger's series of one family, whatever their labels."""
        slots, start = self._slots.get(charger, {}), f"{family}{{".encode()
        for prefix in [prefix for prefix in slots if prefix.startswith(start)]:
            slots.pop(prefix).end()

    def retire(self, charger: ChargerId) -> None:
        """Remove all series of a charger."""
        for slot in self._slots.pop(charger, {}).values():
            slot.end()

    def __len__(self) -> int:
        """The number of series exposed."""
        return sum(map(len, self._tables.values()))

    def blocks(self, groups: frozenset[Group], *, openmetrics: bool) -> Iterator[bytes]:
        """Pieces of text, those of a family together, in the catalogue's order.

        Lines may change between one piece and the next.
        """
        for family in self._families:
            table = self._tables[family.name]
            if table and family.group in groups:
                lines = iter(list(table.values()))
                piece = header(family, openmetrics=openmetrics)
                while more := b"".join(islice(lines, LINES_PER_PIECE)):
                    yield piece + more
                    piece = b""


def header(family: Family, *, openmetrics: bool) -> bytes:
    """HELP and TYPE; OpenMetrics names a family without its samples' suffix."""
    name, kind = family.name, family.type
    if openmetrics:
        name = name.removesuffix(_SUFFIX.get(kind, ""))
    else:
        kind = MetricType.GAUGE if kind in _AS_GAUGE else kind
    text = family.help.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n".encode()
