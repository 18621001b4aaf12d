"""InfluxDB line protocol: how tags, fields and timestamps are written."""

import re
from collections.abc import Iterable, Mapping

# Stores differ on whether such a backslash escapes the next character.
_BEFORE_SPECIAL = re.compile(r"\\+(?=[\n\r ,=]|\Z)")


def tag(text: str) -> str:
    """A tag key or value with special characters escaped; a line break becomes a space, and
    a backslash at the end or before a special character becomes a slash."""
    text = _BEFORE_SPECIAL.sub("/", text) if "\\" in text else text
    text = text.replace("\n", " ").replace("\r", " ")
    return text.replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ")


def head(measurement: str, tags: Mapping[str, str]) -> str:
    """Measurement and tags, sorted by key; empty tag values are left out."""
    pairs = (f",{tag(key)}={tag(value)}" for key, value in sorted(tags.items()) if value)
    return measurement + "".join(pairs)


def number(column: str, value: float | int) -> str:
    """A field: an int ends in i, a float is written in full precision."""
    return f"{column}={value}i" if isinstance(value, int) else f"{column}={value!r}"


def text(column: str, value: str) -> str:
    """A string field, quoted."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'{column}="{quoted}"'


def line(head: str, fields: Iterable[str], stamp_ms: int) -> bytes:
    """One line without its line break."""
    return f"{head} {','.join(fields)} {stamp_ms}".encode()
