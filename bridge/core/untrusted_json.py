"""JSON from a charger, read so that a bad member suffers alone where it is clear which one it is.

Bytes that are not UTF-8 are replaced. A member is UNUSABLE if its value is not JSON, differs from
that of a second member of its name, or is nested too deeply.
"""

import codecs
import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from enum import Enum
from typing import Final

from bridge.core.unread import Fault, Unread

DEEPEST = 8
MOST_STEPS = 4_000
"""Values and brackets of a document that is not plain JSON: a few milliseconds of work."""
_LONGEST_NUMBER = 64
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(")?', re.DOTALL)
_BARE = re.compile(r'[^\s,:\[\]{}"]*')
_STRING_OR_BRACKET = re.compile(rf"{_STRING.pattern}|[\[\]{{}}]", re.DOTALL)
_NOT_FINITE = frozenset({"nan", "inf", "infinity"})


class Unusable(Enum):
    """In place of a value that cannot be used."""

    MEMBER = "unusable"


UNUSABLE: Final = Unusable.MEMBER


def read_json(body: bytes) -> object:
    """The value, with UNUSABLE in place of what cannot be used; else Unread."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        found = _DECODER.decode(text)
        if not _deep(text, found):
            return found
    except (ValueError, RecursionError):
        pass
    reader = _Reader(text)
    try:
        return reader.document()
    except _Undecidable as error:
        return Unread(error.fault, _byte_offset(body, error.at), reader.member)


def was_replaced(text: str) -> bool:
    """Whether bytes of this text may have been replaced."""
    return _REPLACEMENT in text


class _Undecidable(Exception):
    """It is not clear where the member ends."""

    def __init__(self, fault: Fault, at: int) -> None:
        super().__init__(fault)
        self.fault = fault
        self.at = at


class _Reader:
    """Reads value by value, without trusting any."""

    def __init__(self, text: str) -> None:
        self.member: str | None = None
        self._text = text
        self._at = 0
        self._steps = 0

    def document(self) -> object:
        """The whole text as one value. Raises _Undecidable."""
        if not self._next():
            raise _Undecidable(Fault.EMPTY, 0)
        found = self._value(1)
        if found is UNUSABLE or self._next():
            raise _Undecidable(Fault.NOT_JSON, self._at)
        return found

    def _next(self) -> str:
        """The next character that is no space; empty at the end."""
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]

    def _value(self, depth: int) -> object:
        self._step()
        match self._next():
            case '"':
                return _decoded(self._string())
            case "{" | "[" if depth > DEEPEST:
                return self._skip()
            case "{":
                return self._object(depth)
            case "[":
                return self._list(depth)
            case _:
                return self._bare()

    def _object(self, depth: int) -> dict[str, object]:
        members: dict[str, object] = {}
        for _ in self._items("}"):
            if self._next() != '"':
                raise self._undecidable()
            token = self._string()
            decoded = _decoded(token)
            key = decoded if isinstance(decoded, str) else token[1:-1]
            if depth == 1:
                self.member = key
            if self._next() != ":":
                raise self._undecidable()
            self._at += 1
            value = self._value(depth + 1)
            twice = key in members and not _same(members[key], value)
            members[key] = UNUSABLE if twice else value
        return members

    def _list(self, depth: int) -> list[object]:
        return [self._value(depth + 1) for _ in self._items("]")]

    def _items(self, end: str) -> Iterator[None]:
        """Yields before each item; the caller reads it."""
        self._at += 1
        while self._next() != end:
            yield
            if self._next() == ",":
                self._at += 1
            elif self._next() != end:
                raise self._undecidable()
        self._at += 1

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None or not found[1]:
            raise _Undecidable(Fault.TRUNCATED, len(self._text))
        self._at = found.end()
        return found[0]

    def _bare(self) -> object:
        found = _BARE.match(self._text, self._at)
        token = found[0] if found else ""
        self._at += len(token)
        if not token and self._next() == "":
            raise self._undecidable()
        return float("nan") if token.lower().strip("+-") in _NOT_FINITE else _decoded(token)

    def _skip(self) -> Unusable:
        """Skip an object or a list to its end."""
        open_brackets = 0
        for found in _STRING_OR_BRACKET.finditer(self._text, self._at):
            self._step()
            open_brackets += (found[0] in "{[") - (found[0] in "}]")
            if not open_brackets:
                self._at = found.end()
                return UNUSABLE
        raise _Undecidable(Fault.TRUNCATED, len(self._text))

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _Undecidable(Fault.TOO_COMPLEX, self._at)

    def _undecidable(self) -> _Undecidable:
        ended = self._at >= len(self._text)
        return _Undecidable(Fault.TRUNCATED if ended else Fault.NOT_JSON, self._at)


def _decoded(token: str) -> object:
    """A text, number or word; UNUSABLE for what is none."""
    try:
        return _DECODER.decode(token)
    except ValueError:
        return UNUSABLE


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _whole(text: str) -> int | float:
    """A number too large for any field becomes infinite, so that it alone is discarded."""
    if len(text) <= _LONGEST_NUMBER:
        return int(text)
    return float("-inf") if text.startswith("-") else float("inf")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_int=_whole, strict=False)


def _deep(text: str, document: object) -> bool:
    """Whether it is nested too deeply; counting brackets rules that out for most texts."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return False
    level: list[object] = [document]
    for _ in range(DEEPEST):
        level = [part for outer in level for part in _parts(outer)]
    return bool(level)


def _parts(outer: object) -> Iterator[object]:
    """The objects and lists in an object or a list."""
    inner = outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ()
    return (part for part in inner if isinstance(part, dict | list))


def _byte_offset(body: bytes, characters: int) -> int:
    """How many bytes so many characters were, although some bytes were replaced."""

    def decoded(length: int) -> int:
        decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        return len(decoder.decode(body[:length]))

    return bisect_left(range(len(body)), characters, key=decoded)
