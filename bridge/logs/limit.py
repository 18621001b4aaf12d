"""Limits the lines of each event: no stranger can fill the log."""

import logging
import time
from collections.abc import Callable
from threading import Lock

from bridge.core.clock import Steady
from bridge.core.token_bucket import TokenBucket

BURST, PER_SECOND = 100, 1.0
SUMMARY_SECONDS = 60.0
SUMMARY = "log.limited"
MOST_NAMES = 500
"""Events are a closed set of names; of libraries, each logger is one."""


class EventLimit(logging.Filter):
    """A bucket for each event: 100 lines at once, and one a second.

    Once a minute a line `log.limited` has the number of lines of each event that were held back.
    """

    def __init__(
        self, report: Callable[[str, int], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._report = report
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}
        self._held: dict[str, int] = {}
        self._next_summary = 0.0
        self._lock = Lock()
        self.dropped = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line may be logged."""
        name, now = _name(record), self._clock()
        if name == SUMMARY:
            return True
        # Any thread may log.
        with self._lock:
            return self._admit(name, now)

    def summarise(self) -> None:
        """Report how many lines were held back since the last time."""
        with self._lock:
            self._summarise()

    def _admit(self, name: str, now: float) -> bool:
        if self._held and now >= self._next_summary:
            self._summarise()
        if name not in self._buckets and len(self._buckets) >= MOST_NAMES:
            name = "other"
        bucket = self._buckets.setdefault(name, TokenBucket(PER_SECOND, BURST))
        if bucket.acquire(Steady(now)):
            return True
        if not self._held:
            self._next_summary = now + SUMMARY_SECONDS
        self._held[name] = self._held.get(name, 0) + 1
        self.dropped += 1
        return False

    def _summarise(self) -> None:
        held, self._held = self._held, {}
        for name, lines in held.items():
            self._report(name, lines)


def _name(record: logging.LogRecord) -> str:
    if isinstance(record.msg, dict):
        return str(record.msg.get("event"))
    return f"library {record.name}"
