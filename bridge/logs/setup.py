"""Sets up logging for structlog and libraries alike, on a console or as JSON lines."""

import logging
import sys
from collections.abc import MutableMapping
from enum import StrEnum
from typing import TextIO

import structlog
from structlog.typing import Processor

from bridge.logs.scrub import clean, scrub

Event = MutableMapping[str, object]
LOGGER = "bridge"


class Level(StrEnum):
    """The lowest level to log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Format(StrEnum):
    """The format of log lines."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class _BridgeHandler(logging.StreamHandler[TextIO]):
    """The bridge's only handler, so that a second set-up replaces the first."""


def configure(level: str, format: str, stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error) from now on; libraries from WARNING upwards."""
    stream = stream or sys.stderr
    console = format == Format.CONSOLE or (format == Format.AUTO and stream.isatty())
    processors = _console_processors(stream.isatty()) if console else _json_processors()
    rank = logging.getLevelNamesMapping()[level.upper()]
    _route(_BridgeHandler(stream), processors, rank)
    structlog.configure(
        processors=[*_common_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(rank),
        logger_factory=lambda *_: logging.getLogger(LOGGER),
        cache_logger_on_first_use=False,
    )


def _route(handler: _BridgeHandler, processors: list[Processor], rank: int) -> None:
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_common_processors(), _from_library], processors=processors
        )
    )
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _BridgeHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(rank, logging.WARNING))
    logging.getLogger(LOGGER).setLevel(rank)
    logging.captureWarnings(True)


def _common_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Here already, for handlers that are not ours; once more below, for tracebacks.
        scrub,
    ]


def _from_library(_: object, __: str, event: Event) -> Event:
    """A library's message becomes a field, so that events stay a closed set of names."""
    record = event["_record"]
    event["message"] = event["event"]
    event["event"] = "library.logged"
    event["logger"] = record.name if isinstance(record, logging.LogRecord) else "unknown"
    return event


def _json_processors() -> list[Processor]:
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


def _console_processors(colors: bool) -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _scrub_around_traceback,
        structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _scrub_around_traceback(logger: object, method: str, event: Event) -> Event:
    """Only a traceback has several lines; indented, they cannot be mistaken for log lines."""
    lines = str(event.pop("exception", "")).splitlines()
    scrub(logger, method, event)
    if lines:
        event["exception"] = "\n".join(f"    {clean(line)}" for line in lines)
    return event
