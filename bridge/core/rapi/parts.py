"""The values in a controller's answer: how each is written, and what it says."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.core.fields import states


@dataclass(frozen=True, slots=True)
class Value:
    """One decoded value; `number` is set where it is one, in the unit of `wire` if that is.

    `wire` is the key under which the catalogue knows the same value from `/status`.
    """

    name: str
    text: str
    unit: str = ""
    number: int | None = None
    wire: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One value of an answer: how its words look, and what they say; None where they cannot."""

    name: str
    unit: str
    looks: tuple[re.Pattern[str], ...]
    read: Callable[["Part", Sequence[str]], Value | None]
    wire: str | None = None


_WORD = re.compile(r"[!-~]{1,32}")
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}")
_TWO = re.compile(r"[0-9]{1,2}")
_NO_AMMETER = -1
_NO_PROBE = frozenset({-2560, -256})


def _said(part: Part, words: Sequence[str]) -> Value:
    return Value(part.name, words[0])


def _counted(part: Part, words: Sequence[str]) -> Value:
    return _number(part, int(words[0]))


def _tripped(part: Part, words: Sequence[str]) -> Value:
    return _number(part, int(words[0], 16))


def _number(part: Part, number: int) -> Value:
    return Value(part.name, str(number), part.unit, number, part.wire)


def _thousandths(part: Part, words: Sequence[str]) -> Value:
    number = int(words[0])
    if number == _NO_AMMETER:
        return Value(part.name, "none", "no sensor")
    return Value(part.name, f"{number / 1000:g}", part.unit)


def _tenths(part: Part, words: Sequence[str]) -> Value:
    number = int(words[0])
    if number in _NO_PROBE:
        return Value(part.name, "none", "no sensor")
    return Value(part.name, f"{number / 10:.1f}", part.unit)


def _flags(part: Part, words: Sequence[str]) -> Value:
    return Value(part.name, f"0x{int(words[0], 16):04x}", part.unit)


def _state(part: Part, words: Sequence[str]) -> Value:
    return _coded(part, int(words[0], 16))


def _old_state(part: Part, words: Sequence[str]) -> Value:
    return _coded(part, int(words[0]))


def _coded(part: Part, code: int) -> Value:
    return Value(part.name, str(code), states.name(code), code, part.wire)


def _time(part: Part, words: Sequence[str]) -> Value | None:
    year, month, day, hour, minute, second = map(int, words)
    try:
        told = datetime(2000 + year, month, day, hour, minute, second)
    except ValueError:
        return None
    return Value(part.name, told.isoformat(" "), part.unit)


def _minute(part: Part, words: Sequence[str]) -> Value | None:
    hour, minute = map(int, words)
    return Value(part.name, f"{hour:02}:{minute:02}") if hour < 24 and minute < 60 else None


def word(name: str) -> Part:
    """A word as it is."""
    return Part(name, "", (_WORD,), _said)


def whole(name: str, unit: str = "", wire: str | None = None) -> Part:
    """A whole number."""
    return Part(name, unit, (_WHOLE,), _counted, wire)


def trips(name: str, wire: str) -> Part:
    """A counter in hexadecimal digits."""
    return Part(name, "", (_HEX,), _tripped, wire)


def milli(name: str, unit: str) -> Part:
    """Thousandths of the unit; -1 without a sensor."""
    return Part(name, unit, (_WHOLE,), _thousandths)


def degrees(name: str) -> Part:
    """Tenths of a degree."""
    return Part(name, "°C", (_WHOLE,), _tenths)


def bits(name: str) -> Part:
    """Flags in hexadecimal digits."""
    return Part(name, "", (_HEX,), _flags)


def clock(name: str) -> Part:
    """Hour and minute."""
    return Part(name, "", (_TWO, _TWO), _minute)


def moment(name: str) -> Part:
    """Year to second, as the controller's clock has them."""
    return Part(name, "controller's clock", (_TWO,) * 6, _time)


def state(name: str, wire: str | None = None) -> Part:
    """A state code in hexadecimal digits."""
    return Part(name, "", (_HEX,), _state, wire)


def old_state(name: str, wire: str | None = None) -> Part:
    """A state code as old controllers write it."""
    return Part(name, "", (_TWO,), _old_state, wire)
