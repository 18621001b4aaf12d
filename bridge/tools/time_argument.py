"""A time on the command line: RFC 3339, or an age such as 24h."""

from datetime import UTC, datetime

from bridge.core.errors import CommandFailed
from bridge.logs.scrub import printable
from bridge.settings.parse import InvalidValue, duration, quoted
from bridge.storage.journal_reader import Span

EARLIEST, LATEST = datetime.fromtimestamp(0, UTC), datetime(9999, 1, 1, tzinfo=UTC)

_REMEDY = "write it like 2026-11-23T07:00:00Z, or 24h for 24 hours ago"


def parse_time(text: str, now: datetime) -> datetime:
    """The time in UTC; raises CommandFailed for invalid text, or where the time zone is missing."""
    try:
        return now - duration(text)
    except InvalidValue:
        pass
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CommandFailed(f"{printable(quoted(text))} is not a time; {_REMEDY}") from None


def parse_span(since: str | None, until: str | None, now: datetime) -> Span:
    """The span between both arguments, None for no limit; raises CommandFailed."""
    first = parse_time(since, now) if since else EARLIEST
    last = parse_time(until, now) if until else LATEST
    if first >= last:
        raise CommandFailed("--since is not before --until")
    return Span(_ms(first), _ms(last))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
