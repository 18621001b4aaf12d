"""The values in a controller's reply: how each is written, and how it is read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.core.fields import states


@dataclass(frozen=True, slots=True)
class RapiValue:
    """One decoded value; `number` is set for a number, in the unit of `wire` if that is set.

    `wire` is the catalogue's key of the same value in `/status`.
    """

    name: str
    text: str
    unit: str = ""
    number: int | None = None
    wire: str | None = None


@dataclass(frozen=True, slots=True)
class RapiPart:
    """One value of a reply: the patterns of its words, and `read`, which decodes them or
    returns None for impossible ones."""

    name: str
    unit: str
    patterns: tuple[re.Pattern[str], ...]
    read: Callable[["RapiPart", Sequence[str]], RapiValue | None]
    wire: str | None = None


_WORD = re.compile(r"[!-~]{1,32}")
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}")
_TWO = re.compile(r"[0-9]{1,2}")
_NO_AMMETER = -1
_NO_PROBE = frozenset({-2560, -256})


def _as_text(part: RapiPart, words: Sequence[str]) -> RapiValue:
    return RapiValue(part.name, words[0])


def _as_number(part: RapiPart, words: Sequence[str]) -> RapiValue:
    return _number(part, int(words[0]))


def _as_hex_number(part: RapiPart, words: Sequence[str]) -> RapiValue:
    return _number(part, int(words[0], 16))


def _number(part: RapiPart, number: int) -> RapiValue:
    return RapiValue(part.name, str(number), part.unit, number, part.wire)


def _thousandths(part: RapiPart, words: Sequence[str]) -> RapiValue:
    number = int(words[0])
    if number == _NO_AMMETER:
        return RapiValue(part.name, "none", "no sensor")
    return RapiValue(part.name, f"{number / 1000:g}", part.unit)


def _tenths(part: RapiPart, words: Sequence[str]) -> RapiValue:
    number = int(words[0])
    if number in _NO_PROBE:
        return RapiValue(part.name, "none", "no sensor")
    return RapiValue(part.name, f"{number / 10:.1f}", part.unit)


def _flags(part: RapiPart, words: Sequence[str]) -> RapiValue:
    return RapiValue(part.name, f"0x{int(words[0], 16):04x}", part.unit)


def _state(part: RapiPart, words: Sequence[str]) -> RapiValue:
    return _coded(part, int(words[0], 16))


def _old_state(part: RapiPart, words: Sequence[str]) -> RapiValue:
    return _coded(part, int(words[0]))


def _coded(part: RapiPart, code: int) -> RapiValue:
    return RapiValue(part.name, str(code), states.name(code), code, part.wire)


def _time(part: RapiPart, words: Sequence[str]) -> RapiValue | None:
    year, month, day, hour, minute, second = map(int, words)
    try:
        time = datetime(2000 + year, month, day, hour, minute, second)
    except ValueError:
        return None
    return RapiValue(part.name, time.isoformat(" "), part.unit)


def _minute(part: RapiPart, words: Sequence[str]) -> RapiValue | None:
    hour, minute = map(int, words)
    return RapiValue(part.name, f"{hour:02}:{minute:02}") if hour < 24 and minute < 60 else None


def word(name: str) -> RapiPart:
    """A word, unchanged."""
    return RapiPart(name, "", (_WORD,), _as_text)


def whole(name: str, unit: str = "", wire: str | None = None) -> RapiPart:
    """A whole number."""
    return RapiPart(name, unit, (_WHOLE,), _as_number, wire)


def trips(name: str, wire: str) -> RapiPart:
    """A counter in hexadecimal digits."""
    return RapiPart(name, "", (_HEX,), _as_hex_number, wire)


def milli(name: str, unit: str) -> RapiPart:
    """Thousandths of the unit; -1 without a sensor."""
    return RapiPart(name, unit, (_WHOLE,), _thousandths)


def degrees(name: str) -> RapiPart:
    """Tenths of a degree."""
    return RapiPart(name, "°C", (_WHOLE,), _tenths)


def bits(name: str) -> RapiPart:
    """Flags in hexadecimal digits."""
    return RapiPart(name, "", (_HEX,), _flags)


def clock(name: str) -> RapiPart:
    """Hour and minute."""
    return RapiPart(name, "", (_TWO, _TWO), _minute)


def moment(name: str) -> RapiPart:
    """Year to second by the controller's clock."""
    return RapiPart(name, "controller's clock", (_TWO,) * 6, _time)


def state(name: str, wire: str | None = None) -> RapiPart:
    """A state code in hexadecimal digits."""
    return RapiPart(name, "", (_HEX,), _state, wire)


def old_state(name: str, wire: str | None = None) -> RapiPart:
    """A state code as old controllers write it."""
    return RapiPart(name, "", (_TWO,), _old_state, wire)
