"""Makes untrusted text safe to print, and hides secrets."""

import math
import re
from collections.abc import Mapping, MutableMapping, Sequence

MAX_TEXT = 1000
MAX_MEMBERS = 100
MAX_DEPTH = 8
HIDDEN = "***"
_SECRET_KEY = re.compile(
    r"passw(or)?d|passphrase|token|secret|authorization|credentials$|api_?key|private_?key",
    re.IGNORECASE,
)
# Bounded, so that a stranger's text cannot make the search slow.
_LONGEST_LOGIN = 300
_LOGIN_IN_URL = re.compile(rf"(?<=://)\S{{0,{_LONGEST_LOGIN}}}@")


def printable(text: str) -> str:
    """The text with control characters and line breaks escaped."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def scrub(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """A structlog processor: cleans every field, and hides secrets by their key."""
    for key in list(event):
        if not key.startswith("_") and key != "exc_info":
            event[key] = _field(key, event[key], 0)
    return event


def clean(value: object, depth: int = 0) -> object:
    """The same value, limited in size, with only printable text and finite numbers."""
    match value:
        case bool() | None:
            return value
        case int():
            return value if value.bit_length() <= 64 else f"a number of {value.bit_length()} bits"
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return _text(value)
        case _ if depth >= MAX_DEPTH:
            return "…"
        case Mapping():
            members = list(value.items())[:MAX_MEMBERS]
            return {_text(str(key)): _field(str(key), member, depth + 1) for key, member in members}
        case bytes() | bytearray():
            return _text(repr(bytes(value[:MAX_TEXT])))
        case Sequence() | set() | frozenset():
            return [clean(member, depth + 1) for member in list(value)[:MAX_MEMBERS]]
        case _:
            return _text(str(value))


def _field(key: str, value: object, depth: int) -> object:
    return HIDDEN if _SECRET_KEY.search(key) else clean(value, depth)


def _text(text: str) -> str:
    hidden = _LOGIN_IN_URL.sub(f"{HIDDEN}@", text[: MAX_TEXT + _LONGEST_LOGIN])
    cut = hidden if len(hidden) <= MAX_TEXT else hidden[:MAX_TEXT]
    return printable(cut) + ("…" if len(text) > MAX_TEXT else "")
