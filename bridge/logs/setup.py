"""One way out for all logs: structlog's and the libraries', on a console or as JSON lines."""

import logging
import sys
from collections.abc import MutableMapping
from enum import StrEnum
from typing import TextIO

import structlog
from structlog.typing import Processor

from bridge.logs.scrub import clean, scrub

Event = MutableMapping[str, object]
OURS = "bridge"


class Level(StrEnum):
    """The least level to log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Format(StrEnum):
    """How a log line looks."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class _Outlet(logging.StreamHandler[TextIO]):
    """The one handler of the bridge, so that a second set-up replaces the first."""


def configure(level: str, format: str, stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error) from now on; libraries from WARNING upwards."""
    stream = stream or sys.stderr
    console = format == Format.CONSOLE or (format == Format.AUTO and stream.isatty())
    ending = _console(stream.isatty()) if console else _json()
    rank = logging.getLevelNamesMapping()[level.upper()]
    _route(_Outlet(stream), ending, rank)
    structlog.configure(
        processors=[*_beginning(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(rank),
        logger_factory=lambda *_: logging.getLogger(OURS),
        cache_logger_on_first_use=False,
    )


def _route(outlet: _Outlet, ending: list[Processor], rank: int) -> None:
    outlet.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_beginning(), _library], processors=ending
        )
    )
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Outlet)]:
        root.removeHandler(old)
    root.addHandler(outlet)
    root.setLevel(max(rank, logging.WARNING))
    logging.getLogger(OURS).setLevel(rank)
    logging.captureWarnings(True)


def _beginning() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Here already, for handlers that are not ours; once more below, for tracebacks.
        scrub,
    ]


def _library(_: object, __: str, event: Event) -> Event:
    """A library's sentence becomes a field, so that events stay a closed set of names."""
    record = event["_record"]
    event["message"] = event["event"]
    event["event"] = "library.logged"
    event["logger"] = record.name if isinstance(record, logging.LogRecord) else "unknown"
    return event


def _json() -> list[Processor]:
    # Local variables of a frame may be secrets.
    traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(traceback),
        scrub,
        _names_first,
        structlog.processors.JSONRenderer(),
    ]


def _names_first(_: object, __: str, event: Event) -> Event:
    first = {key: event[key] for key in ("timestamp", "level", "event") if key in event}
    return first | dict(event)


def _console(colors: bool) -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _scrub_around_traceback,
        structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _scrub_around_traceback(logger: object, method: str, event: Event) -> Event:
    """Only a traceback has several lines; indented, none of them can pass for a log line."""
    lines = str(event.pop("exception", "")).splitlines()
    scrub(logger, method, event)
    if lines:
        event["exception"] = "\n".join(f"    {clean(line)}" for line in lines)
    return event
