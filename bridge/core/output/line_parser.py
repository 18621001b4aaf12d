"""Parses InfluxDB line protocol, as `line_protocol` writes it, into names and values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Value = int | float | str
_HEAD = re.compile(rb"(?:[^\\ ]|\\.)*")
_TAG = re.compile(r"((?:[^\\,=]|\\.)*)=((?:[^\\,]|\\.)*)(?:,|\Z)")
_FIELD = re.compile(r'([^=]+)=("(?:[^"\\]|\\.)*"|[^,]+)(?:,|\Z)')
_ESCAPED_TAG = re.compile(r"\\([,= ])")
_ESCAPED_TEXT = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Point:
    """One line; `stamp_ms` in Unix milliseconds."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Value]
    stamp_ms: int


def head_of(line: bytes) -> bytes:
    """Measurement and tags, still escaped."""
    found = _HEAD.match(line)
    return found[0] if found else b""


def stamp_of(line: bytes) -> int:
    """The timestamp in Unix milliseconds; raises ValueError for an invalid line."""
    return int(line.rpartition(b" ")[2])


def is_of(line: bytes, charger: str) -> bool:
    """Whether the line belongs to this charger, whose id needs no escapes."""
    return f",charger={charger},".encode() in head_of(line) + b","


def parse_line(line: bytes) -> Point:
    """The line's parts; raises ValueError for an invalid line."""
    head = head_of(line)
    fields, space, stamp = line[len(head) + 1 :].rpartition(b" ")
    if not space:
        raise ValueError("no line")
    measurement, _, tags = head.decode().partition(",")
    return Point(
        measurement,
        {_plain(name): _plain(text) for name, text in _TAG.findall(tags)},
        {name: _value(text) for name, text in _FIELD.findall(fields.decode())},
        int(stamp),
    )


def _plain(text: str) -> str:
    return _ESCAPED_TAG.sub(r"\1", text)


def _value(text: str) -> Value:
    if text.startswith('"'):
        return _ESCAPED_TEXT.sub(r"\1", text[1:-1])
    return int(text[:-1]) if text.endswith("i") else float(text)
