"""Parses text or TOML values into typed values; raises InvalidValue with a remedy."""

import math
import re
from collections.abc import Callable
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

Parsed = TypeVar("Parsed")
Choice = TypeVar("Choice", bound=StrEnum)

SECONDS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
BYTES = {"": 1, "b": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("kmgt", start=1)
    for suffix, base in (("b", 1000), ("ib", 1024))
}
_NUMBER_WITH_UNIT = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_SWITCH = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_MAX_QUOTED = 40
_TEN_YEARS = timedelta(days=3650)


class InvalidValue(ValueError):
    """A value that cannot be used: the problem, and what to write instead.

    Neither text may repeat a value that could contain a secret.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def quoted(value: object) -> str:
    """A non-secret value, shortened for a message."""
    text = str(value)
    return f'"{text}"' if len(text) <= _MAX_QUOTED else f'"{text[:_MAX_QUOTED]}…"'


def duration(value: object) -> timedelta:
    """`100`, `100s`, `0.25s`, `5m`, `12h`, `7d`; a bare number is seconds."""
    span = _span(value)
    if not timedelta(0) < span <= _TEN_YEARS:
        raise InvalidValue(f"{quoted(value)} is out of range", "use more than 0s and at most 3650d")
    return span


def wait(value: object) -> timedelta:
    """A duration, or `0s` for no wait."""
    span = _span(value)
    return span if span == timedelta(0) else duration(value)


def _span(value: object) -> timedelta:
    wrong = InvalidValue(
        f"{quoted(value)} is not a duration", "write it like 30s, 0.25s, 5m, 12h or 7d"
    )
    return timedelta(seconds=_with_unit(value, SECONDS, wrong))


def size(value: object) -> int:
    """`2GB`, `512MiB`, or plain bytes, as bytes; at least 64 KiB."""
    wrong = InvalidValue(
        f"{quoted(value)} is not a size", "write it like 2GB, 512MiB or plain bytes"
    )
    count = round(_with_unit(value, BYTES, wrong))
    if not 65536 <= count <= 2**60:
        raise InvalidValue(f"{quoted(value)} is out of range", "use at least 64KiB")
    return count


def _with_unit(
    value: object, units: dict[str, float] | dict[str, int], wrong: InvalidValue
) -> float:
    found = _NUMBER_WITH_UNIT.fullmatch(_number_text(value, wrong))
    unit = found and units.get(found[2] if found[2] in units else found[2].lower())
    if not found or unit is None:
        raise wrong
    # Whole numbers stay whole: a float would round sizes over 2^53.
    return (float(found[1]) if "." in found[1] else int(found[1])) * unit


def _number_text(value: object, wrong: InvalidValue) -> str:
    """Numbers as text without an exponent; a bool does not count as a number."""
    if not isinstance(value, str | int | float):
        raise wrong
    if isinstance(value, float):
        return f"{value:.9f}" if math.isfinite(value) else ""
    return str(value).strip()


def integer(lowest: int, highest: int) -> Callable[[object], int]:
    """A parser of integers from `lowest` to `highest`."""

    def parse(value: object) -> int:
        wrong = InvalidValue(
            f"{quoted(value)} is not a whole number from {lowest} to {highest}",
            f"write a whole number from {lowest} to {highest}",
        )
        text = _number_text(value, wrong)
        if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            raise wrong
        return int(text)

    return parse


def number(value: object) -> float:
    """A finite number above zero."""
    wrong = InvalidValue(
        f"{quoted(value)} is not a number above 0", "write a number such as 0.1 or 50"
    )
    try:
        parsed = float(_number_text(value, wrong))
    except ValueError:
        raise wrong from None
    if not math.isfinite(parsed) or parsed <= 0:
        raise wrong
    return parsed


def switch(value: object) -> bool:
    """`true` or `false`; in text also yes, no, on, off, 1 and 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _SWITCH:
        return _SWITCH[value.strip().lower()]
    raise InvalidValue(f"{quoted(value)} is neither true nor false", "write true or false")


def text(value: object) -> str:
    """Text unchanged; never repeated in a message, as it may be a secret."""
    if not isinstance(value, str):
        raise InvalidValue("it is not text", "put the value in quotes")
    if "\0" in value or not _encodable(value):
        raise InvalidValue("it contains NUL or is not UTF-8", "write it without such characters")
    return value


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def choice(of: type[Choice]) -> Callable[[object], Choice]:
    """A parser of one of an enumeration's values, case-insensitive."""

    def parse(value: object) -> Choice:
        known = [member.value for member in of]
        text = value.strip().lower() if isinstance(value, str) else ""
        if text in known:
            return of(text)
        near = get_close_matches(text, known, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InvalidValue(f"{quoted(value)} is not known", f"use one of {', '.join(known)}{hint}")

    return parse


def optional(parse: Callable[[object], Parsed]) -> Callable[[object], Parsed | None]:
    """The same parser, with empty text meaning unset."""
    return lambda value: None if value is None or value == "" else parse(value)
