"""A JSON document from a charger's web server, parsed as untrusted input.

A number too large for any field becomes infinite, so that it alone is discarded. NaN, which
JSON does not have, and a duplicate member make the whole document invalid.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NoReturn

from bridge.core.polling.outcome import Page

Document = Mapping[str, object] | list[object]

DEEPEST = 8
_LONGEST_NUMBER = 64


def read_document(body: bytes, page: Page) -> Document | None:
    """The document; None if it is not valid for this page."""
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_members,
            parse_int=_whole,
            parse_constant=_no_json,
        )
    except (ValueError, RecursionError):
        return None
    if not (isinstance(found, dict) or (page is Page.CRASHLOG and isinstance(found, list))):
        return None
    return None if _deep(body, found) else found


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _whole(text: str) -> int | float:
    if len(text) <= _LONGEST_NUMBER:
        return int(text)
    return float("-inf") if text.startswith("-") else float("inf")


def _no_json(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _deep(body: bytes, document: Document) -> bool:
    """Whether it is nested too deeply; counting brackets rules that out for most bodies."""
    if body.count(b"{") + body.count(b"[") <= DEEPEST:
        return False
    level: list[object] = [document]
    for _ in range(DEEPEST):
        level = [part for outer in level for part in _parts(outer)]
    return bool(level)


def _parts(outer: object) -> Iterator[object]:
    """The objects and lists in an object or a list."""
    inner = outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ()
    return (part for part in inner if isinstance(part, dict | list))
