"""A point in time as it is typed: RFC 3339, or how long ago."""

from datetime import UTC, datetime

from bridge.core.errors import CommandFailed
from bridge.logs.scrub import printable
from bridge.settings.parse import Wrong, duration, quoted
from bridge.storage.journal_reader import Span

EARLIEST, LATEST = datetime.fromtimestamp(0, UTC), datetime(9999, 1, 1, tzinfo=UTC)

_REMEDY = "write it like 2026-11-23T07:00:00Z, or like 24h for that long ago"


def read_moment(text: str, now: datetime) -> datetime:
    """The moment in UTC; raises CommandFailed for what is none, or names no time zone."""
    try:
        return now - duration(text)
    except Wrong:
        pass
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CommandFailed(f"{printable(quoted(text))} is no time; {_REMEDY}") from None


def span_between(since: str | None, until: str | None, now: datetime) -> Span:
    """The span as it was typed, None for no limit; raises CommandFailed."""
    first = read_moment(since, now) if since else EARLIEST
    last = read_moment(until, now) if until else LATEST
    if first >= last:
        raise CommandFailed("--since is not before --until")
    return Span(_ms(first), _ms(last))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
