"""Interprets the replies of InfluxDB 1.8, 2.x, 3 and compatible stores to a write."""

import json
import math
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib import parse

from bridge.core.errors import (
    SinkBusy,
    SinkDenied,
    SinkRefused,
    SinkTooLarge,
    SinkTrouble,
    TypeConflict,
)
from bridge.core.output.columns import split_line

LONGEST_TEXT = 500
LONGEST_WAIT_SECONDS = 900.0
MOST_LISTED = 100
"""Some versions list no more bad lines than this in one reply; there may be others."""

ListedLine = tuple[int | None, str]
"""A bad line's zero-based number, None where the reply's line is not one of ours; the reason."""

_PARTIAL = "partial write"
_DROPPED = re.compile(r"\bdropped=(\d{1,9})\b")
_UNPARSED = re.compile(r"unable to parse '(.*?)': (.*?)(?: dropped=\d+)?$", re.MULTILINE)
_HOLDS_FOR_ALL = "retention"
"""A reason that holds for each dropped line; others are those of the first one."""
_CONFLICTS = (
    re.compile(
        r'field type conflict: input field "(?P<column>.+?)" on measurement "(?P<measurement>.+?)"'
    ),
    re.compile(r"invalid column type for column '(?P<column>.+?)'"),
    re.compile(r'\bcolumn "?(?P<column>[^\s"]+)"? is type \S+ but write has type', re.IGNORECASE),
)
"""How 1.8 and 2.x, 3, and its hosted versions name a column of another type."""
_ABOUT_THE_REQUEST = (
    "either orgid or org",
    "missing a slash",
    "database is required",
    "authorization header",
    "permission",
    "gzip: ",
    "http request to an https server",
    "<html",
    "<!doctype",
)
"""Causes of a 400 that have nothing to do with the lines; some replies come from a proxy."""


@dataclass(frozen=True, slots=True)
class StoreReply:
    """An HTTP reply of a store."""

    status: int
    phrase: str
    body: str
    retry_after: str | None = None
    token: str = field(default="", repr=False)
    """Hidden in what is shown. Replies are judged as they came: a token may be part of any word."""

    def shown(self, text: str) -> str:
        """A text of the reply, without the token and cut to fit a log line."""
        return shortened_without(self.token, text)


def trouble_of(reply: StoreReply, lines: Sequence[bytes], unix: float) -> SinkTrouble:
    """The error to raise after this reply to a write of these lines; `unix` in seconds."""
    document = _document(reply.body)
    text = _text(reply, document)
    why = shortened(f"HTTP {reply.status}: {reply.shown(text)}")
    if reply.status in (401, 403, 404):
        return SinkDenied(why)
    if reply.status == 413:
        return SinkTooLarge(why)
    if _is_about_lines(reply.status, text):
        return _refused(reply, why, lines)
    if reply.status in (400, 422):
        return SinkDenied(why)
    return SinkBusy(why, retry_after_seconds(reply.retry_after, unix))


def trouble_of_success(reply: StoreReply, lines: Sequence[bytes]) -> SinkTrouble | None:
    """The error in a 2xx reply; None where the lines are stored.

    Clustered versions of 3 reply 201 to a partial write; a page comes from a wrong address.
    """
    document = _document(reply.body)
    text = _text(reply, document)
    why = shortened(f"HTTP {reply.status}: {reply.shown(text)}")
    if reply.body.lstrip()[:1] == "<":
        return SinkDenied(why)
    if "message" in document or "error" in document:
        return _refused(reply, why, lines)
    return None


def retry_after_seconds(header: str | None, unix: float) -> float | None:
    """The seconds in a Retry-After header, at most a quarter of an hour."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        seconds = _seconds_until(header, unix)
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def shortened(text: str) -> str:
    """The text, cut to fit a log line."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def shortened_without(token: str, text: str) -> str:
    """The text without the token, quoted or escaped ones too, cut to fit a log line."""
    for form in _forms(token):
        text = text.replace(form, "***")
    return shortened(text)


def _forms(token: str) -> set[str]:
    """How a token may occur in a text; libraries show a peer's bytes as Python writes them."""
    if not token:
        return set()
    plain = token.encode(errors="replace")
    return {
        token, repr(token)[1:-1], repr(plain)[2:-1], json.dumps(token)[1:-1],
        parse.quote(token, safe=""), b64encode(plain).decode(),
    }  # fmt: skip


def _seconds_until(date: str, unix: float) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - unix
    except (ValueError, OverflowError):
        return math.nan


def _document(body: str) -> Mapping[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(reply: StoreReply, document: Mapping[str, object]) -> str:
    for key in ("message", "error"):
        found = document.get(key)
        if isinstance(found, str) and found:
            return found
    return reply.body.strip() or reply.phrase


def _is_about_lines(status: int, text: str) -> bool:
    """Early 2.0 replies 500 to a partial write, which would be sent again for ever."""
    if status in (400, 422):
        quotes_lines = _PARTIAL in text or "unable to parse" in text
        return quotes_lines or not any(words in text.lower() for words in _ABOUT_THE_REQUEST)
    return status >= 500 and _PARTIAL in text and _DROPPED.search(text) is not None


def _refused(reply: StoreReply, why: str, lines: Sequence[bytes]) -> SinkRefused:
    document = _document(reply.body)
    text = _text(reply, document)
    listed = list(_numbered(document.get("data"), lines)) or list(_quoted(text, lines))
    dropped = _DROPPED.search(text)
    partial = _PARTIAL in text
    return SinkRefused(
        why,
        bad={number: reply.shown(reason) for number, reason in listed if number is not None},
        conflicts={
            **dict.fromkeys(_conflicts(text), why),
            **{found: reply.shown(reason) for found, reason in _listed_conflicts(listed, lines)},
        },
        dropped=int(dropped[1]) if dropped else None,
        partial=partial and len(listed) < MOST_LISTED and None not in dict(listed),
        first_only=partial and _HOLDS_FOR_ALL not in text.lower(),
    )


def _conflicts(text: str) -> Iterator[TypeConflict]:
    for pattern in _CONFLICTS:
        for found in pattern.finditer(text):
            yield TypeConflict(found["column"], found.groupdict().get("measurement", ""))


def _listed_conflicts(
    listed: Iterable[ListedLine], lines: Sequence[bytes]
) -> Iterator[tuple[TypeConflict, str]]:
    """The columns that InfluxDB 3 names, each in the measurement of its line."""
    for number, reason in listed:
        if number is not None:
            measurement = split_line(lines[number]).measurement
            for conflict in _conflicts(reason):
                yield TypeConflict(conflict.column, measurement), reason


def _numbered(data: object, lines: Sequence[bytes]) -> Iterator[ListedLine]:
    """Bad lines as InfluxDB 3 lists them, where its quote matches what was sent."""
    entries = data if isinstance(data, list) else [data] if data else []
    for entry in entries:
        number = None
        match entry:
            case {"line_number": int(counted), **more} if 1 <= counted <= len(lines):
                if _quote_matches(lines[counted - 1], more.get("original_line", "")):
                    number = counted - 1
        reason = entry.get("error_message") if isinstance(entry, dict) else None
        yield number, str(reason or "refused")


def _quote_matches(line: bytes, quote: object) -> bool:
    """Whether the quote matches; it may be cut off."""
    return isinstance(quote, str) and line.startswith(quote.encode(errors="replace"))


def _quoted(text: str, lines: Sequence[bytes]) -> Iterator[ListedLine]:
    """Bad lines as InfluxDB 1.8 and 2.x quote them, each in full."""
    found = _UNPARSED.findall(text)
    places: dict[bytes, list[int | None]] = {}
    for number, line in enumerate(lines if found else ()):
        places.setdefault(line, []).append(number)
    for quote, reason in found:
        for place in places.get(quote.encode(errors="replace"), [None]):
            yield place, f"unable to parse: {reason}"
