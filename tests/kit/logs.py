"""What the tests of the logs share: a stream to log to, and a set-up that is undone."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bridge.logs import configure

HOSTILE = "a\x1b[31mred\x07\nforged line\r\u2028\u202e\x9b1m"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def logging_to(
    stream: io.StringIO | None, *, level: str = "info", style: str = "json"
) -> Iterator[None]:
    """Log to the stream, or where none is named, for a while; afterwards all is as it was."""
    root, ours = logging.getLogger(), logging.getLogger("bridge")
    before = (list(root.handlers), root.level, ours.level)
    with warnings.catch_warnings():
        configure(level, style, stream)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            structlog.reset_defaults()
            root.handlers[:] = before[0]
            root.setLevel(before[1])
            ours.setLevel(before[2])


def objects(stream: io.StringIO) -> list[dict[str, object]]:
    """The JSON objects, one a line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def said_as_json(**fields: object) -> dict[str, object]:
    """One event with these fields, as it was logged."""
    stream = io.StringIO()
    with logging_to(stream):
        structlog.get_logger().info("charger.found", **fields)
    (only,) = objects(stream)
    return only


def shown_on_console(terminal: bool = False, /, **fields: object) -> str:
    """The console's text for one event with these fields."""
    stream = Terminal() if terminal else io.StringIO()
    with logging_to(stream, style="console"):
        structlog.get_logger().info("charger.found", **fields)
    return stream.getvalue()
