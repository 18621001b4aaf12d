"""GET /crashlog as records, in any format: a list, or an object that contains one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from bridge.core.clock import Unix
from bridge.core.fields import resets
from bridge.core.polling.document import Document
from bridge.core.text import visible
from bridge.core.untrusted_json import UNUSABLE

MOST_RECORDS = 32
LONGEST_TEXT = 500
_LISTS = ("events", "records", "crashes", "crashlog", "log", "entries")
_NUMBERS = ("seq", "crash_seq", "sequence")
_CODES = ("reset_reason", "reason", "code")
_WORDS = ("reset_reason_str", "reason_str", "reset_reason", "reason")
_TIMES = (
    "recorded_unix_time", "crash_recorded_unix_time", "unix_time", "timestamp", "prev_unix_time",
    "time",
)  # fmt: skip
_PRIVATE = ("pass", "psk", "ssid", "user", "login", "mail", "host", "token", "secret", "auth")
_PLACES = frozenset({"index", "idx", "i", "n", "pos", "position", "age", "age_s", "age_ms", "ago"})
"""A record's position among the others, which differs at the next reading."""
_EARLIEST, _DAY = 1_600_000_000, 86_400


@dataclass(frozen=True, slots=True)
class Crash:
    """One record; `identity` is the same at every reading, and fits on a line.

    `device_time` is Unix seconds by the charger's clock; `text` has all public members.
    """

    identity: str
    code: int
    text: str
    seq: int | None = None
    device_time: int | None = None


def read_crashlog(document: Document, unix: Unix) -> tuple[Crash, ...]:
    """The records, the oldest first where they are numbered; each identity once."""
    found: dict[str, Crash] = {}
    for row in _rows(document)[:MOST_RECORDS]:
        usable = _usable(row)
        if usable not in (None, "", {}, []):
            crash = _crash(usable if isinstance(usable, dict) else {"record": usable}, unix)
            found.setdefault(crash.identity, crash)
    crashes = list(found.values())
    if all(crash.seq is not None for crash in crashes):
        crashes.sort(key=lambda crash: crash.seq or 0)
    return tuple(crashes)


def _usable(value: object) -> object:
    """The same without members that cannot be used."""
    if isinstance(value, dict):
        return {key: _usable(each) for key, each in value.items() if each is not UNUSABLE}
    if isinstance(value, list):
        return [_usable(each) for each in value if each is not UNUSABLE]
    return None if value is UNUSABLE else value


def _rows(document: Document) -> list[object]:
    if isinstance(document, list):
        return document
    lists = {key: value for key, value in document.items() if isinstance(value, list)}
    for key in (*_LISTS, *lists):
        if key in lists:
            return lists[key]
    single_record = any(key in document for key in (*_NUMBERS, *_CODES))
    return [dict(document)] if single_record else []


def _crash(row: Mapping[str, object], unix: Unix) -> Crash:
    code = _first(row, _CODES)
    word = next((v for key in _WORDS if isinstance(v := row.get(key), str)), None)
    if code is None:
        code = resets.code_of(word)
    seq, time = _first(row, _NUMBERS), _first(row, _TIMES)
    known = time is not None and _EARLIEST <= time <= unix + _DAY
    return Crash(
        identity=_identity(row, seq, time),
        code=code if code is not None and abs(code) < 2**31 else 0,
        text=_text_of(resets.name(code, word), row),
        seq=seq,
        device_time=time if known else None,
    )


def _identity(row: Mapping[str, object], seq: int | None, time: int | None) -> str:
    """Its number and time: numbers start again after a replacement of the gateway."""
    if seq is not None:
        return f"{seq}@{time or 0}"
    if time is not None and time >= _EARLIEST:
        row = {key: value for key, value in row.items() if key not in _PLACES}
    whole = json.dumps(row, sort_keys=True, default=str).encode()
    return hashlib.sha256(whole).hexdigest()[:24]


def _first(row: Mapping[str, object], keys: tuple[str, ...]) -> int | None:
    """The first of these members that is a whole number of plausible size."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
            return value
    return None


def _text_of(name: str, row: Mapping[str, object]) -> str:
    parts = [name]
    for key, value in _public(row).items():
        if key not in _WORDS:
            parts.append(f"{key}={_as_text(value)}")
    text = " ".join(parts)
    return visible(text[:LONGEST_TEXT], "?")


def _public(row: Mapping[str, object]) -> dict[str, object]:
    """Without members about the network or people, at any depth; at most as many members as
    the text has letters."""
    return {
        key: _without_private(value)
        for key, value in islice(row.items(), LONGEST_TEXT)
        if not any(word in key.lower() for word in _PRIVATE)
    }


def _without_private(value: object) -> object:
    if isinstance(value, dict):
        return _public(value)
    if isinstance(value, list):
        return [_without_private(each) for each in value[:LONGEST_TEXT]]
    return value


def _as_text(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), default=str)
    return str(value)
