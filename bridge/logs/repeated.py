"""Logs the same event about the same charger or store at most once a minute, with a count."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

Key = tuple[str, object]
"""The event, and the charger, store or other it is about."""


HIGH_CARDINALITY = frozenset({"charger", "topic"})
"""There may be thousands of these, some repeating for months: a wired charger sends an invalid
Wi-Fi level with every document."""
MINUTELY_LINES = 10
"""So many lines in a row about one of them are logged each minute, later ones each hour."""
HOURLY_FACTOR = 60


class Logger(Protocol):
    """The part of a logger that RepeatedLog uses."""

    def log(self, level: int, event: str, **fields: object) -> object:
        """Log one event."""


@dataclass(slots=True)
class _Entry:
    """When an event was last logged, and the newest occurrence that was held back since."""

    at: float
    level: int
    fields: Mapping[str, object]
    repeated: int = 0
    high_cardinality: bool = False
    hourly: bool = False
    """Not more than a line an hour, from the first on."""
    lines: int = 1
    """Logged in a row, without a minute in between."""


@dataclass(frozen=True, slots=True)
class _End:
    """The event that ends others, and its fields."""

    key: Key
    ends: Sequence[Key]
    fields: Mapping[str, object]


class RepeatedLog:
    """Logs the first event at once, holds back the next for `every` seconds, then logs how many.

    Events that keep repeating are logged less often where there may be many. `repeated` counts
    the events held back since the last line. At most `most` entries are kept; an evicted one
    is logged first. Thread-safe.
    """

    def __init__(
        self,
        log: Logger,
        *,
        clock: Callable[[], float] = time.monotonic,
        every: float = 60.0,
        most: int = 10_000,
    ) -> None:
        self._log = log
        self._clock = clock
        self._every = every
        self._most = most
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._pending_ends: dict[Key, _End] = {}
        """Held back, and discarded when the event that it ends occurs again."""
        self._lock = Lock()

    def report(
        self, event: str, *, about: str = "charger", level: str = "warning", **fields: object
    ) -> None:
        """Log the event now, or hold it back and count it; `about` names its subject's field."""
        self._report(event, about, level, fields, hourly=False)

    def report_hourly(
        self, event: str, *, about: str = "charger", level: str = "warning", **fields: object
    ) -> None:
        """The same with at most one line an hour, not one a minute."""
        self._report(event, about, level, fields, hourly=True)

    def _report(
        self, event: str, about: str, level: str, fields: Mapping[str, object], *, hourly: bool
    ) -> None:
        key, now = (event, fields.get(about)), self._clock()
        rank = logging.getLevelNamesMapping()[level.upper()]
        due: list[tuple[Key, _Entry]] = []
        with self._lock:
            for end in [end for end in self._pending_ends.values() if key in end.ends]:
                del self._pending_ends[end.key]
            entry = self._entries.get(key)
            if entry and not self._due(entry, now):
                entry.level, entry.fields = rank, fields
                entry.repeated += 1
            else:
                repeated, lines = (entry.repeated, entry.lines + 1) if entry else (0, 1)
                due.append((key, _Entry(now, rank, fields, repeated)))
                self._entries[key] = _Entry(
                    now, rank, fields, high_cardinality=about in HIGH_CARDINALITY,
                    hourly=hourly, lines=lines,
                )  # fmt: skip
            self._entries.move_to_end(key)
            due = self._evict() + due
        self._write(due)

    def resolved(self, event: str, *, ends: Sequence[str], about: str, **fields: object) -> None:
        """Log that events ended, after what was held back of them.

        When they occur again, they are logged at once. What ends several times within a minute
        is logged once more after that minute, if it is still over.
        """
        subject = fields.get(about)
        end = _End((event, subject), [(each, subject) for each in ends], fields)
        with self._lock:
            entry = self._entries.get(end.key)
            if entry and self._clock() - entry.at < self._every:
                self._pending_ends[end.key] = end
                return
            due = self._end(end)
        self._write(due)

    def sweep(self) -> None:
        """Log how many events were held back in the past minute; drop entries without any."""
        now = self._clock()
        with self._lock:
            expired = [item for item in self._entries.items() if self._due(item[1], now)]
            due = [(key, entry) for key, entry in expired if entry.repeated]
            for key, entry in expired:
                if entry.repeated:
                    self._entries[key] = replace(entry, at=now, repeated=0, lines=entry.lines + 1)
                else:
                    del self._entries[key]
            for end in [end for key, end in self._pending_ends.items() if key not in self._entries]:
                due += self._end(end)
        self._write(due)

    def _due(self, entry: _Entry, now: float) -> bool:
        hourly = entry.hourly or (entry.high_cardinality and entry.lines >= MINUTELY_LINES)
        return now - entry.at >= self._every * (HOURLY_FACTOR if hourly else 1)

    def _end(self, end: _End) -> list[tuple[Key, _Entry]]:
        """The entries to log; the lock is held."""
        self._pending_ends.pop(end.key, None)
        ended = [(key, self._entries.pop(key)) for key in end.ends if key in self._entries]
        self._entries[end.key] = entry = _Entry(self._clock(), logging.INFO, end.fields)
        return [(key, each) for key, each in ended if each.repeated] + [(end.key, entry)]

    def _evict(self) -> list[tuple[Key, _Entry]]:
        evicted = []
        while len(self._entries) > self._most:
            evicted.append(self._entries.popitem(last=False))
        return [(key, entry) for key, entry in evicted if entry.repeated]

    def _write(self, due: list[tuple[Key, _Entry]]) -> None:
        for (event, _), entry in due:
            fields = {name: value for name, value in entry.fields.items() if value is not None}
            if entry.repeated:
                fields["repeated"] = entry.repeated
            self._log.log(entry.level, event, **fields)
