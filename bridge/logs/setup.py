"""Sets up logging for structlog and libraries alike, on a console or as JSON lines."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import Processor

from bridge.logs.background import BackgroundStream
from bridge.logs.limit import SUMMARY, EventLimit
from bridge.logs.scrub import clean, scrub

Event = MutableMapping[str, object]
LOGGER = "bridge"
LONGEST_MESSAGE = 200
MOST_FRAMES = 8
"""Of a library's error, the innermost ones."""


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


class _BridgeHandler(logging.StreamHandler[TextIO | BackgroundStream]):
    """The bridge's only handler, so that a second set-up replaces the first.

    In the background, lines wait for their reader in a queue; else the caller waits.
    """

    def __init__(self, stream: TextIO, *, background: bool) -> None:
        self._queue = BackgroundStream(stream) if background else None
        super().__init__(self._queue or stream)
        self._limit = EventLimit(_report_limited)
        if background:
            self.addFilter(self._limit)

    @property
    def dropped(self) -> int:
        """The lines that were not written."""
        return self._limit.dropped + (self._queue.dropped if self._queue else 0)

    def close(self) -> None:
        """Report what was held back, and wait a little for the reader: the process ends."""
        if self._queue is not None:
            self._limit.summarise()
            self._queue.drain()
        super().close()


def _report_limited(event: str, lines: int) -> None:
    structlog.get_logger("logs").warning(SUMMARY, about=event, lines=lines)


def dropped_lines() -> int:
    """The log lines that were not written: their event was over its limit, or nobody read."""
    return sum(
        each.dropped for each in logging.getLogger().handlers if isinstance(each, _BridgeHandler)
    )


def configure(
    level: str, format: str, stream: TextIO | None = None, *, background: bool = False
) -> None:
    """Log to `stream` (standard error) from now on; libraries from WARNING upwards.

    `background`: in a thread, with the lines of each event limited; `stream` is a file.
    """
    stream = stream or sys.stderr
    console = format == Format.CONSOLE or (format == Format.AUTO and stream.isatty())
    processors = _console_processors(stream.isatty()) if console else _json_processors()
    rank = logging.getLevelNamesMapping()[level.upper()]
    _route(_BridgeHandler(stream, background=background), processors, rank)
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
    """A library's message becomes a field, so that events stay a closed set of names.

    What a peer sent is in its arguments and in the texts of errors: neither is logged.
    """
    record = event["_record"]
    event["message"] = event["event"]
    event["event"] = "library.logged"
    event["logger"] = "unknown"
    if isinstance(record, logging.LogRecord):
        event["logger"] = record.name
        text = event["message"] if record.name == "py.warnings" else record.msg
        event["message"] = (str(text).splitlines() or [""])[0][:LONGEST_MESSAGE]
    error = event.pop("exc_info", None)
    if isinstance(error, tuple) and error[0] is not None:
        event["error"] = error[0].__name__
        frames = traceback.extract_tb(error[2])[-MOST_FRAMES:]
        event["frames"] = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    return event


def _json_processors() -> list[Processor]:
    # Local variables of a frame may be secrets.
    transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(transformer),
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
