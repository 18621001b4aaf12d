"""Payloads into values, each by its row of the catalogue.

Payload forms are those of the gateways' JSON printer: `true`, `false`, `null`
(also for NaN and infinity), integers, decimals, exponents from 1e7 on, empty for "".
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

from bridge.core.clock import Unix
from bridge.core.fields.catalogue import FieldRow, Kind, Scale
from bridge.core.model import Reason

Value = float | int
Parse = Callable[[bytes], Value | Reason]

LONGEST = 64
_NUMBER = re.compile(rb"-?\d{1,32}(?:\.\d{1,32})?(?:[eE][+-]?\d{1,4})?")
_OFFSET = re.compile(rb"([+-])(\d\d):?(\d\d)")
_FLAGS = {b"true": 1, b"1": 1, b"false": 0, b"0": 0}
_EXACT = 2.0**53
_NO_VALUE = 2.0**32 - 1
"""All bits set: how a gateway writes that it has no value, whatever the field."""
_EARLIEST, _DAY = 1.6e9, 86400.0


def parser(row: FieldRow, scale: Scale) -> Parse:
    """The function that turns this row's payloads into values of its column.

    It returns the value (seconds since 1970 for TIME), or the reason to discard it.
    """
    match row.kind:
        case Kind.FLAG:
            return _flag
        case Kind.TIME:
            return _time
        case Kind.OFFSET:
            return _offset
        case Kind.TEXT:
            return _text
        case Kind.FLOAT:
            return _bounded(row, scale, whole=False)
        case Kind.INT | Kind.STATE:
            return _bounded(row, scale, whole=True)


def number(payload: bytes) -> float | Reason:
    """A finite number, or the reason for none."""
    if payload == b"false":
        return Reason.NO_SENSOR
    if payload == b"null":
        return Reason.IMPLAUSIBLE
    if len(payload) > LONGEST or not _NUMBER.fullmatch(payload):
        return _reason_for(payload)
    value = float(payload)
    return value if math.isfinite(value) else Reason.IMPLAUSIBLE


def _reason_for(payload: bytes) -> Reason:
    """The reason for what is no number: a document, a non-finite number, or malformed."""
    if payload[:1] in (b"{", b"["):
        return Reason.NOT_TELEMETRY
    word = payload[:10].strip(b"+-").lower()
    return Reason.IMPLAUSIBLE if word in {b"nan", b"inf", b"infinity"} else Reason.MALFORMED


def _bounded(row: FieldRow, scale: Scale, *, whole: bool) -> Parse:
    absent, low, high = row.absent, row.low, row.high
    plain = scale.times == scale.per == 1

    def parse(payload: bytes) -> Value | Reason:
        value = number(payload)
        if isinstance(value, Reason):
            return value
        if value in absent:
            return Reason.NO_SENSOR
        if value == _NO_VALUE:
            return Reason.IMPLAUSIBLE
        value = value if plain else scale(value)
        if not low <= value <= high:
            return Reason.NO_SENSOR if _idle(row, value) else Reason.IMPLAUSIBLE
        return _integer(value) if whole else value

    return parse


def _idle(row: FieldRow, value: float) -> bool:
    """0 V may be an unused phase; only the phase's current can confirm it."""
    return row.idle_with is not None and value == 0


def _integer(value: float) -> int | Reason:
    return int(value) if value.is_integer() and abs(value) < _EXACT else Reason.MALFORMED


def _flag(payload: bytes) -> Value | Reason:
    if payload == b"null":
        return Reason.IMPLAUSIBLE
    return _FLAGS.get(payload, Reason.MALFORMED)


def _text(payload: bytes) -> Value | Reason:
    return Reason.NOT_TELEMETRY


def _offset(payload: bytes) -> Value | Reason:
    found = _OFFSET.fullmatch(payload)
    if not found:
        return Reason.MALFORMED
    seconds = int(found[2]) * 3600 + int(found[3]) * 60
    if seconds > 86400:
        return Reason.IMPLAUSIBLE
    return -seconds if found[1] == b"-" else seconds


def _time(payload: bytes) -> Value | Reason:
    if len(payload) > LONGEST:
        return Reason.MALFORMED
    try:
        moment = datetime.fromisoformat(payload.decode("ascii"))
    except ValueError:
        return Reason.MALFORMED
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def skew(device: float, unix: Unix) -> float | Reason:
    """The device's clock minus the arrival, in seconds.

    Before its clock is first set, a gateway reports 1970 or a time far in the future.
    """
    if not _EARLIEST <= device <= unix + _DAY:
        return Reason.IMPLAUSIBLE
    return round(device - unix, 3)
