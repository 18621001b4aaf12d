"""How the firmware's JSON printer writes a value, as an MQTT payload or inside a document.

Ten significant digits, no trailing zeros, an exponent from 1e7 and up to 1e-5, `null` for what
is not a number. Strings are bare as a payload and quoted inside a document.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | Sequence[Value] | Mapping[str, Value] | None"

_DIGITS = 10
_LARGE = 1e7
_SMALL = 1e-5


def payload(value: Value) -> str:
    """The payload of one member's message; an empty string is an empty payload."""
    return value if isinstance(value, str) else document(value)


def document(value: Value) -> str:
    """Compact JSON with the printer's number forms.

    Speed: numbers and strings first, which are nearly all.
    """
    if type(value) is float:
        return number(value)
    if type(value) is str:
        return encode_basestring(value)
    if type(value) is int:
        return str(value)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return number(value)
        case str():
            return encode_basestring(value)
        case Mapping():
            return (
                "{"
                + ",".join(f"{encode_basestring(k)}:{document(v)}" for k, v in value.items())
                + "}"
            )
        case _:
            return "[" + ",".join(document(item) for item in value) + "]"


def number(value: float) -> str:
    """A floating-point number; NaN and infinities print `null`."""
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    size = abs(value)
    text = _scientific(size) if size >= _LARGE or size <= _SMALL else _plain(size)
    return "-" + text if value < 0 else text


def _plain(size: float) -> str:
    places = _DIGITS - len(str(int(size)))
    return f"{size:.{places}f}".rstrip("0").rstrip(".")


def _scientific(size: float) -> str:
    mantissa, exponent = f"{size:.{_DIGITS - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def single(value: float) -> float:
    """The nearest number that the device's 32-bit float can hold."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])
