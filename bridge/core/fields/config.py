"""GET /config reduced to a few facts about the device; no other member is kept.

The document also holds the network's name, user names and host names. In a gateway's first
minute it lacks what the controller has not reported yet.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from bridge.core.fields.catalogue import CATALOGUE, PLAIN, FieldRow, Kind, Origin
from bridge.core.fields.decode import Parse, Value, parser
from bridge.core.fields.payloads import payload
from bridge.core.model import Reason
from bridge.core.untrusted_json import UNUSABLE, was_replaced

LONGEST_TEXT = 255
_ROWS: dict[str, tuple[FieldRow, Parse]] = {
    row.wire: (row, parser(row, PLAIN)) for row in CATALOGUE if row.origin is Origin.CONFIG
}
FACTS = tuple(_ROWS)
"""The members that are read; a network profile, number or name, is text."""
_CONTROLLER = tuple(row for row, _ in _ROWS.values() if row.controller)


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """The facts of /config: numbers and flags by column, texts by wire key."""

    values: Mapping[str, Value] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    discarded: tuple[tuple[str, Reason], ...] = ()
    """Facts without a value, by wire key."""
    dropped: int = 0
    """Other members; not even their names are kept."""
    early: bool = False
    """The gateway had not read all of its controller yet: what it has is worth asking again."""

    def text(self, wire: str) -> str | None:
        """A text such as `version`."""
        return self.texts.get(wire)


def read_config(document: Mapping[str, object]) -> DeviceConfig:
    """The facts; every member is in exactly one of the four attributes."""
    values: dict[str, Value] = {}
    texts: dict[str, str] = {}
    discarded: list[tuple[str, Reason]] = []
    for wire, (row, parse) in _ROWS.items():
        if wire not in document:
            continue
        found = _text(document[wire]) if row.kind is Kind.TEXT else parse(payload(document[wire]))
        match found:
            case Reason():
                discarded.append((wire, found))
            case str():
                texts[wire] = found
            case _:
                values[row.column] = found
    known = len(values) + len(texts) + len(discarded)
    config = DeviceConfig(values, texts, tuple(discarded), len(document) - known)
    return _without_unread(config) if looks_early(config, document.keys()) else config


def looks_early(config: DeviceConfig, members: Collection[str]) -> bool:
    """Whether the controller's part is missing, or its firmware is empty, or its limit is 0."""
    if not any(row.wire in members for row in _CONTROLLER):
        return True
    return ("firmware", Reason.NO_SENSOR) in config.discarded or not config.values.get(
        "current_limit", 1
    )


def _without_unread(config: DeviceConfig) -> DeviceConfig:
    """Without the controller's zeros: they stand for what was not read yet."""
    unread = [row for row in _CONTROLLER if config.values.get(row.column) == 0]
    columns = {row.column for row in unread}
    return replace(
        config, early=True,
        values={column: value for column, value in config.values.items() if column not in columns},
        discarded=(*config.discarded, *((row.wire, Reason.NO_SENSOR) for row in unread)),
    )  # fmt: skip


def _text(value: object) -> str | Reason:
    if isinstance(value, dict | list):
        return Reason.NOT_TELEMETRY
    if value is None or value == "" or isinstance(value, bool):
        return Reason.NO_SENSOR
    if value is UNUSABLE or (isinstance(value, float) and not math.isfinite(value)):
        return Reason.MALFORMED
    text = str(value)
    good = len(text) <= LONGEST_TEXT and text.isprintable() and not was_replaced(text)
    return text if good else Reason.MALFORMED
